/*
 * The names of a sandbox. A sandbox has no network, so no name leads anywhere. But many clients know of no proxy: they look a
 * name up and connect to its address. So every name gets one address here, at which the relay waits; the proxy then reads the
 * name from the connection itself, and judges it there. What is answered says nothing about whether a name exists or is
 * allowed.
 *
 * There is nothing to configure and nothing to remember. This program has no other socket, so no question can get out.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "names.h"

/* Where the relay takes connections of clients that know of no proxy (haproxy.cfg), and where questions come to. */
#define RELAY_ADDRESS "127.100.0.1"
/* What a sandbox calls itself (container-spec.ts). */
#define OWN_NAME "sandbox"
#define TTL_SECONDS 300

/* RFC 1035 4.1.1 */
enum { HEAD_BYTES = 12, RESPONSE = 0x80, OPCODE = 0x78, RECURSION_WANTED = 0x01, RECURSION_OFFERED = 0x80 };
enum { NO_ERROR = 0, FORMAT_ERROR = 1, NO_SUCH_NAME = 3, NOT_IMPLEMENTED = 4 };
/* RFC 1035 3.2 */
enum { TYPE_A = 1, CLASS_IN = 1, MAX_NAME = 255, MAX_LABEL = 63 };

static void put16(unsigned char *at, unsigned value) {
  at[0] = (unsigned char)(value >> 8);
  at[1] = (unsigned char)value;
}

static unsigned get16(const unsigned char *at) { return (unsigned)at[0] << 8 | at[1]; }

/*
 * Reads the name at `at`, as text without a final dot. Returns the number of its bytes in the message; 0 when it is none.
 * Compression has no place in a question.
 */
static size_t read_name(const unsigned char *at, size_t length, char text[MAX_NAME + 1]) {
  size_t used = 0, written = 0;
  while (used < length && at[used] != 0) {
    size_t label = at[used];
    if (label > MAX_LABEL || used + 1 + label > length || used + 1 + label >= MAX_NAME) return 0;
    if (written > 0) text[written++] = '.';
    /* A dot within a label reads as the end of one. Either way the answer is one of two addresses. */
    for (size_t i = 0; i < label; i++) text[written++] = isgraph(at[used + 1 + i]) ? (char)at[used + 1 + i] : '?';
    used += 1 + label;
  }
  if (used >= length) return 0;
  text[written] = 0;
  return used + 1;
}

/* Whether this is `top`, or a name below it. */
static bool is_below(const char *name, const char *top) {
  size_t length = strlen(name), wanted = strlen(top);
  if (length < wanted || strcasecmp(name + length - wanted, top) != 0) return false;
  return length == wanted || name[length - wanted - 1] == '.';
}

/* The sandbox itself (RFC 6761 6.3), else the relay. */
static in_addr_t address_of(const char *name) {
  bool own = is_below(name, "localhost") || strcasecmp(name, OWN_NAME) == 0;
  return own ? htonl(INADDR_LOOPBACK) : inet_addr(RELAY_ADDRESS);
}

static size_t finish(unsigned char *message, size_t length, unsigned code, unsigned questions, unsigned answers) {
  message[2] = RESPONSE | (message[2] & (OPCODE | RECURSION_WANTED));
  message[3] = (unsigned char)(RECURSION_OFFERED | code);
  put16(message + 4, questions);
  put16(message + 6, answers);
  memset(message + 8, 0, 4);
  return length;
}

size_t answer_to(unsigned char message[MESSAGE_BYTES], size_t length) {
  char name[MAX_NAME + 1];
  if (length < HEAD_BYTES || message[2] & RESPONSE) return 0;
  if (message[2] & OPCODE) return finish(message, HEAD_BYTES, NOT_IMPLEMENTED, 0, 0);
  size_t named = read_name(message + HEAD_BYTES, length - HEAD_BYTES, name);
  size_t end = HEAD_BYTES + named + 4;
  if (get16(message + 4) != 1 || named == 0 || end > length) return finish(message, HEAD_BYTES, FORMAT_ERROR, 0, 0);
  unsigned type = get16(message + end - 4), class = get16(message + end - 2);
  /* Programs ask for such a name to see what becomes of one that does not exist (RFC 6761 6.4). */
  if (is_below(name, "invalid")) return finish(message, end, NO_SUCH_NAME, 1, 0);
  /* A name has this one address and nothing else. Clients that ask for an IPv6 address as well go on with this one. */
  if (type != TYPE_A || class != CLASS_IN || *name == 0) return finish(message, end, NO_ERROR, 1, 0);
  unsigned char *record = message + end;
  in_addr_t address = address_of(name);
  put16(record, 0xc000 | HEAD_BYTES); /* the name of the question (RFC 1035 4.1.4) */
  put16(record + 2, TYPE_A);
  put16(record + 4, CLASS_IN);
  put16(record + 6, 0);
  put16(record + 8, TTL_SECONDS);
  put16(record + 10, sizeof address);
  memcpy(record + 12, &address, sizeof address);
  return finish(message, end + 12 + sizeof address, NO_ERROR, 1, 1);
}

int listen_for_questions(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = {inet_addr(RELAY_ADDRESS)}};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 ? fd : -1;
}

void answer_questions(int fd) {
  unsigned char message[MESSAGE_BYTES];
  for (;;) {
    struct sockaddr_in asker;
    socklen_t size = sizeof asker;
    ssize_t length = recvfrom(fd, message, sizeof message, 0, (struct sockaddr *)&asker, &size);
    size_t answer = length > 0 ? answer_to(message, (size_t)length) : 0;
    /* Nobody waits for one that has no room for its answer. */
    if (answer > 0) (void)!sendto(fd, message, answer, MSG_DONTWAIT, (struct sockaddr *)&asker, size);
  }
}
