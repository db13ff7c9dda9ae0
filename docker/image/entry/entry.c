/*
 * The first program of a sandbox. It runs as the relay's user under the engine's init, names this life of the sandbox,
 * starts the relay, and answers questions for names. When it or the relay ends, the sandbox ends.
 *
 * The agent can write in the workspace, which outlives the container. So nothing here is looked for: there is no shell and
 * no search for a program, each name is absolute and on the read-only image, and both programs have an empty environment.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "names.h"
#include "relay.h"

static void relay_ended(int number) {
  (void)number;
  _exit(1);
}

static bool name_this_life(void) {
  unsigned char random[16];
  char id[2 * sizeof random + 1];
  if (getrandom(random, sizeof random, 0) != sizeof random) return false;
  for (size_t i = 0; i < sizeof random; i++) snprintf(id + 2 * i, 3, "%02x", random[i]);
  int fd = open(BOOT_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  return fd >= 0 && write(fd, id, sizeof id - 1) == sizeof id - 1 && close(fd) == 0;
}

int main(void) {
  extern char **environ;
  char *const nothing[] = {NULL};
  if (*environ) {
    char *const again[] = {ENTRY_ARGUMENTS, NULL};
    execve(ENTRY_PROGRAM, again, nothing);
    return 1;
  }
  /* The address is taken first: a second one of this program ends here, and does not give the sandbox another name. */
  int questions = listen_for_questions();
  if (questions < 0 || !name_this_life() || chdir("/") != 0) return 1;
  struct sigaction end = {.sa_handler = relay_ended, .sa_flags = SA_NOCLDSTOP};
  if (sigaction(SIGCHLD, &end, NULL) != 0) return 1;
  pid_t relay = fork();
  if (relay < 0) return 1;
  if (relay == 0) {
    char *const arguments[] = {RELAY_ARGUMENTS, NULL};
    execve(RELAY_PROGRAM, arguments, nothing);
    _exit(1);
  }
  answer_questions(questions);
}
