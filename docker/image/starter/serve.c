#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "starter.h"

/* A command of 120 KB and its other arguments. */
#define MAX_ORDER (256 * 1024)
#define MAX_ARGUMENTS 16

static char order[MAX_ORDER];

/* Takes the order apart: arguments, each ended by a zero byte. Returns how many, or -1 when it is not an order. */
static int arguments_of(uint32_t length, char **arguments) {
  int count = 0;
  if (length == 0 || order[length - 1] != 0) return -1;
  for (char *at = order; at < order + length; at += strlen(at) + 1) {
    if (count == MAX_ARGUMENTS) return -1;
    arguments[count++] = at;
  }
  return count;
}

/*
 * Obeys one order after the other: four bytes of length (big endian), then the arguments of a call. The engine takes as
 * long to start a program in a container as a short command takes, so a starter that was started is kept. Each order runs
 * in a process of its own. An empty frame of kind 'E' ends its answer. When that process dies, this one ends too: the
 * stream ends early, and that tells the caller.
 */
int serve(int (*obey)(int count, char **arguments)) {
  for (;;) {
    uint32_t length;
    char *arguments[MAX_ARGUMENTS];
    if (!read_exactly(STDIN_FILENO, &length, sizeof length)) return 0;
    length = ntohl(length);
    if (length > MAX_ORDER || !read_exactly(STDIN_FILENO, order, length)) return 1;
    int count = arguments_of(length, arguments);
    if (count < 0) return 1;
    pid_t child = fork();
    if (child == 0) _exit(obey(count, arguments));
    int status = 0;
    if (child < 0) fail("start", "no process: %s", strerror(errno));
    while (child > 0 && waitpid(child, &status, 0) < 0)
      if (errno != EINTR) return 1;
    if (!WIFEXITED(status)) return 1;
    frame('E', "", 0);
  }
}
