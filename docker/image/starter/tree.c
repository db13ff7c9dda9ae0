#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "starter.h"

static bool descends(const struct process *list, size_t count, pid_t pid, pid_t root) {
  for (int depth = 0; depth < 1000; depth++) {
    pid_t parent = 0;
    for (size_t i = 0; i < count; i++)
      if (list[i].pid == pid) parent = list[i].parent;
    if (parent == root) return true;
    if (parent <= 1) return false;
    pid = parent;
  }
  return false;
}

/* Whether the process carries the step's mark. One that has cleared its environment does not. */
static bool is_marked(pid_t pid, const char *step) {
  static char text[256 * 1024];
  char path[64], mark[128];
  snprintf(path, sizeof path, "/proc/%d/environ", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t length = 0, n;
  while ((n = read(fd, text + length, sizeof text - (size_t)length)) > 0) length += n;
  close(fd);
  int size = snprintf(mark, sizeof mark, STEP_MARK "=%s", step);
  return memmem(text, (size_t)length, mark, (size_t)size) != NULL;
}

/*
 * Kills what a command has started: everything below root, which is its keeper, and everything with the step's mark.
 * A tree that keeps forking faster than it is counted is ended with everything else of this user.
 */
void kill_tree(pid_t root, const char *step) {
  static struct process list[MAX_PROCESSES];
  for (int round = 0; round < 20; round++) {
    size_t count = list_processes(list), killed = 0;
    for (size_t i = 0; i < count; i++) {
      pid_t pid = list[i].pid;
      if (list[i].state == 'Z' || pid == root || list[i].owner != getuid()) continue;
      if (!descends(list, count, pid, root) && !is_marked(pid, step)) continue;
      if (kill(pid, SIGKILL) == 0) killed++;
    }
    if (killed == 0) return;
    usleep(2000);
  }
  kill(-1, SIGKILL);
}

/* Ends every process of this user but itself. The kernel signals them in one go, so nothing forks its way past it. */
int kill_everything(void) {
  static struct process list[MAX_PROCESSES];
  int64_t deadline = now_ms() + 10000;
  for (int round = 1;; round++) {
    kill(-1, SIGKILL);
    size_t count = list_processes(list), left = 0;
    for (size_t i = 0; i < count; i++) {
      bool mine = list[i].owner == getuid() && list[i].pid != getpid();
      if (mine && !has_ended(&list[i])) left++;
    }
    if (left == 0) {
      if (!remove_ipc()) return fail("kill", "shared memory is left");
      answer("{\"left\":0,\"rounds\":%d}", round);
      return 0;
    }
    if (now_ms() > deadline) return fail("kill", "%zu processes did not end", left);
    usleep(5000);
  }
}
