#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* The largest message of DNS without extensions (RFC 1035 4.2.1). An answer here never needs more. */
#define MESSAGE_BYTES 512

/* The socket that questions come to, bound. -1 when it cannot be had. */
int listen_for_questions(void);

/* Answers questions for ever. Never asks anybody. */
void answer_questions(int fd);

/*
 * Turns a question into its answer, in place. Returns the length of the answer, at most MESSAGE_BYTES; 0 when the bytes
 * deserve none.
 */
size_t answer_to(unsigned char message[MESSAGE_BYTES], size_t length);

#endif
