#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "starter.h"

/* Whether no command of this turn may be started any more. Written from outside; the sandbox may only read it. */
bool is_over(const char *turn) {
  char last[32];
  int fd = open(OVER_FILE, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? 0 : read(fd, last, sizeof last - 1);
  if (fd >= 0) close(fd);
  last[length < 0 ? 0 : length] = 0;
  return atoll(turn) <= atoll(last);
}
