#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "starter.h"

/* Whether no command of this turn may be started any more. */
bool is_over(const char *turn) {
  char last[32];
  ssize_t length = readlink(OVER_LINK, last, sizeof last - 1);
  last[length < 0 ? 0 : length] = 0;
  return atoll(turn) <= atoll(last);
}

/* Notes that this turn and all before it are over. Asked as the relay's user: the agent's may read the note only. */
int note_over(const char *turn) {
  char fresh[80];
  snprintf(fresh, sizeof fresh, OVER_LINK ".%d", getpid());
  unlink(fresh);
  if (!is_over(turn) && (symlink(turn, fresh) != 0 || rename(fresh, OVER_LINK) != 0))
    return fail("failed", "the end of the turn cannot be noted: %s", strerror(errno));
  answer("{\"over\":true}");
  return 0;
}
