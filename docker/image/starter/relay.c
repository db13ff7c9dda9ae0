#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "starter.h"

#define SWEEP_MS 2000

/* Reads a whole file of /proc. False when it cannot be read, or does not fit. */
static bool read_of(pid_t pid, const char *name, char *text, size_t size, size_t *length) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = 0;
  for (*length = 0; *length < size && (n = read(fd, text + *length, size - *length)) > 0;) *length += (size_t)n;
  close(fd);
  return n >= 0 && *length < size;
}

static bool runs_program(pid_t pid, const char *program) {
  char path[64], target[PATH_MAX];
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length < 0) return false;
  target[length] = 0;
  return strcmp(target, program) == 0;
}

static bool has_arguments(pid_t pid, const char *const wanted[]) {
  char text[1024];
  size_t length, at = 0;
  if (!read_of(pid, "cmdline", text, sizeof text, &length)) return false;
  for (size_t i = 0; wanted[i]; i++) {
    size_t size = strlen(wanted[i]) + 1;
    if (at + size > length || memcmp(text + at, wanted[i], size) != 0) return false;
    at += size;
  }
  return at == length;
}

static bool has_empty_environment(pid_t pid) {
  char text[2];
  size_t length;
  return read_of(pid, "environ", text, sizeof text, &length) && length == 0;
}

static bool is_code_of_image(const char *path) {
  return strncmp(path, "/usr/", 5) == 0 || strncmp(path, "/lib", 4) == 0 || strcmp(path, "[vdso]") == 0 ||
         strcmp(path, "[vsyscall]") == 0;
}

/*
 * Whether all code in its memory lies in files of the image: no library from elsewhere, none without a file. gVisor does not
 * name the one piece that a kernel brings along, and has a second one of its own.
 */
static bool runs_only_the_image(pid_t pid) {
  static char text[512 * 1024];
  size_t length;
  if (!read_of(pid, "maps", text, sizeof text - 1, &length)) return false;
  text[length] = 0;
  size_t mapped = 0, nameless = 0;
  bool gvisor = is_gvisor();
  for (char *line = text, *next; *line; line = next) {
    next = strchr(line, '\n');
    if (!next) return false;
    *next++ = 0;
    char rights[8] = "", path[PATH_MAX] = "";
    /* proc_pid_maps(5): addresses, rights, offset, device, inode, path */
    if (sscanf(line, "%*s %7s %*s %*s %*s %4095[^\n]", rights, path) < 1) return false;
    mapped++;
    if (!strchr(rights, 'x') || is_code_of_image(path)) continue;
    if (gvisor && strcmp(path, "[usertrap]") == 0) continue;
    if (gvisor && *path == 0 && !strchr(rights, 'w') && ++nameless == 1) continue;
    return false;
  }
  return mapped > 0;
}

/*
 * Whether the process is a program of the image as the image starts it: its file, its arguments, no environment, and no code
 * in its memory from elsewhere. Only a process of the same user may look, so this is asked as the relay's user.
 */
static bool is_program(pid_t pid, const char *const arguments[]) {
  return runs_program(pid, arguments[0]) && has_arguments(pid, arguments) && has_empty_environment(pid) &&
         runs_only_the_image(pid);
}

/* Finds the image's own: the first program, and the relay that it has started. */
struct image_programs find_image_programs(const struct process *list, size_t count) {
  const char *const entry[] = {ENTRY_ARGUMENTS, NULL}, *const relay[] = {RELAY_ARGUMENTS, NULL};
  struct image_programs found = {0};
  for (size_t i = 0; i < count && !found.entry; i++) {
    if (list[i].owner != getuid() || list[i].parent != 1 || has_ended(&list[i])) continue;
    if (is_program(list[i].pid, entry)) found.entry = list[i].pid;
  }
  for (size_t i = 0; i < count && found.entry && !found.relay; i++) {
    if (list[i].owner != getuid() || list[i].parent != found.entry || has_ended(&list[i])) continue;
    if (is_program(list[i].pid, relay)) found.relay = list[i].pid;
  }
  return found;
}

/*
 * Called as the relay's user: ends every process of this user but the first one, the image's own programs and itself. Nobody
 * has work to do as this user, so whatever else is found got there by a hole.
 */
int sweep(void) {
  static struct process list[MAX_PROCESSES];
  int64_t deadline = now_ms() + SWEEP_MS;
  for (size_t ended = 0;;) {
    size_t count = list_processes(list), left = 0;
    struct image_programs own = find_image_programs(list, count);
    for (size_t i = 0; i < count; i++) {
      pid_t pid = list[i].pid;
      if (list[i].owner != getuid() || pid == 1 || pid == getpid() || has_ended(&list[i])) continue;
      if (pid == own.entry || pid == own.relay) continue;
      left++;
      if (kill(pid, SIGKILL) == 0) ended++;
    }
    if (left == 0 || now_ms() > deadline) {
      answer("{\"left\":%zu,\"ended\":%zu,\"relay\":%s}", left, ended, own.relay ? "true" : "false");
      return 0;
    }
    usleep(5000);
  }
}
