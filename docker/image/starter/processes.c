#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "starter.h"

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

/* What runs in this sandbox, as far as the list has room. */
size_t list_processes(struct process *list) {
  DIR *dir = opendir("/proc");
  if (!dir) return 0;
  size_t count = 0;
  for (struct dirent *entry; (entry = readdir(dir)) && count < MAX_PROCESSES;) {
    if (isdigit((unsigned char)entry->d_name[0]) && look_at(dirfd(dir), entry->d_name, &list[count])) count++;
  }
  closedir(dir);
  return count;
}

bool has_ended(const struct process *process) { return process->state == 'Z' || process->state == 'X'; }

/* Whether the kernel is gVisor's, which tells other things of its processes. */
bool is_gvisor(void) {
  struct utsname system;
  return uname(&system) == 0 && strstr(system.release, "gvisor");
}
