#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "starter.h"

static int misused(void) { return fail("usage", "unknown command or wrong number of arguments"); }

static int run_command(int count, char **arguments, bool may_start) {
  if (count != 7) return misused();
  struct command command = {.step = arguments[0],
                            .timeout_ms = atoll(arguments[1]),
                            .cwd = arguments[2],
                            .incarnation = arguments[3],
                            .processes = atol(arguments[4]),
                            .turn = arguments[5],
                            .text = arguments[6]};
  if (strspn(command.step, "0123456789abcdef") != strlen(command.step) || strlen(command.step) < 16 ||
      strlen(command.step) > 64)
    return fail("usage", "a step is named by 16 to 64 hexadecimal digits");
  return run(&command, may_start);
}

static int obey(int count, char **arguments) {
  const char *verb = arguments[0];
  char **rest = arguments + 1;
  int given = count - 1;
  if (strcmp(verb, "run") == 0) return run_command(given, rest, true);
  if (strcmp(verb, "attach") == 0) return run_command(given, rest, false);
  if (strcmp(verb, "kill") == 0 && given == 0) return kill_everything();
  if (strcmp(verb, "read") == 0 && given == 3) return read_file(rest[0], atoll(rest[1]), atoll(rest[2]));
  if (strcmp(verb, "write") == 0 && given == 4 && is_over(rest[3])) return fail("over", "the turn of this file is over");
  if (strcmp(verb, "write") == 0 && (given == 3 || given == 4))
    return write_file(rest[0], (mode_t)strtol(rest[1], NULL, 8), atoll(rest[2]));
  if (strcmp(verb, "usage") == 0) return usage();
  if (strcmp(verb, "sweep") == 0 && given == 0) return sweep();
  if (strcmp(verb, "check") == 0 && given == 1) return check(atoll(rest[0]));
  return misused();
}

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  /* Under gVisor this file can be read, and its memory is closed from here on only. */
  prctl(PR_SET_DUMPABLE, 0);
  umask(022);
  if (count < 2) return misused();
  if (chdir(WORKSPACE) != 0) return fail("failed", "no workspace: %s", strerror(errno));
  if (count == 2 && strcmp(arguments[1], "serve") == 0) return serve(obey);
  return obey(count - 1, arguments + 1);
}
