#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "starter.h"

#define MAX_PROCESSES 8192

struct process {
  pid_t pid, parent;
  uid_t owner;
  char state;
};

static bool look_at(int proc_fd, const char *name, struct process *process) {
  char path[300], text[512];
  struct stat info;
  snprintf(path, sizeof path, "%s/stat", name);
  int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t length = read(fd, text, sizeof text - 1);
  bool known = fstatat(proc_fd, name, &info, 0) == 0;
  close(fd);
  if (length <= 0 || !known) return false;
  text[length] = 0;
  /* The name in the second field may hold anything, a closing bracket too. */
  char *after_name = strrchr(text, ')');
  if (!after_name || sscanf(after_name + 1, " %c %d", &process->state, &process->parent) != 2) return false;
  process->pid = atoi(name);
  process->owner = info.st_uid;
  return true;
}

static size_t list_processes(struct process *list) {
  DIR *dir = opendir("/proc");
  if (!dir) return 0;
  size_t count = 0;
  for (struct dirent *entry; (entry = readdir(dir)) && count < MAX_PROCESSES;) {
    if (isdigit((unsigned char)entry->d_name[0]) && look_at(dirfd(dir), entry->d_name, &list[count])) count++;
  }
  closedir(dir);
  return count;
}

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
      if (mine && list[i].state != 'Z' && list[i].state != 'X') left++;
    }
    if (left == 0) {
      remove_ipc();
      answer("{\"left\":0,\"rounds\":%d}", round);
      return 0;
    }
    if (now_ms() > deadline) return fail("kill", "%zu processes did not end", left);
    usleep(5000);
  }
}
