#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "starter.h"

static void close_files(const struct step *step) {
  close(step->lock_fd);
  close(step->state_fd);
  close(step->out_fd);
}

static bool open_files(struct step *step, int flags) {
  char path[420];
  const char *names[] = {"lock", "state", "out"};
  int *fds[] = {&step->lock_fd, &step->state_fd, &step->out_fd};
  for (int i = 0; i < 3; i++) *fds[i] = -1;
  for (int i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s/%s", step->dir, names[i]);
    *fds[i] = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    if (*fds[i] >= 0) continue;
    close_files(step);
    return false;
  }
  return true;
}

/*
 * Takes the step for the calling process:
 * 1. The folder is filled and locked under another name.
 * 2. It is renamed to its own name. Only one process succeeds in that.
 * Therefore a folder under its own name is complete and locked.
 */
enum claim claim_step(const char *name, struct step *step) {
  struct step_state empty = {0};
  char final[400];
  snprintf(final, sizeof final, STEPS_DIR "/%s", name);
  snprintf(step->dir, sizeof step->dir, STEPS_DIR "/.%s.%d", name, getpid());
  if (mkdir(step->dir, 0700) != 0) return CLAIM_FAILED;
  /* The state is written now, so that a result still fits when the agent has filled the folder. */
  if (!open_files(step, O_CREAT) || flock(step->lock_fd, LOCK_EX) != 0 ||
      pwrite(step->state_fd, &empty, sizeof empty, 0) != sizeof empty) {
    drop_step(step);
    return CLAIM_FAILED;
  }
  if (rename(step->dir, final) != 0) {
    enum claim taken = errno == EEXIST || errno == ENOTEMPTY ? TAKEN : CLAIM_FAILED;
    drop_step(step);
    return taken;
  }
  snprintf(step->dir, sizeof step->dir, "%s", final);
  return CLAIMED;
}

bool open_step(const char *name, struct step *step) {
  snprintf(step->dir, sizeof step->dir, STEPS_DIR "/%s", name);
  return open_files(step, 0);
}

bool keeper_lives(const struct step *step) {
  if (flock(step->lock_fd, LOCK_SH | LOCK_NB) != 0) return true;
  flock(step->lock_fd, LOCK_UN);
  return false;
}

struct step_state load_state(const struct step *step) {
  struct step_state state = {0};
  if (pread(step->state_fd, &state, sizeof state, 0) != sizeof state) memset(&state, 0, sizeof state);
  return state;
}

void save_state(const struct step *step, const struct step_state *state) {
  if (pwrite(step->state_fd, state, sizeof *state, 0) < 0) return;
}

void drop_step(const struct step *step) { (void)remove_at(AT_FDCWD, step->dir); }

struct found {
  char name[256];
  struct timespec at;
};

static int newest_first(const void *a, const void *b) {
  const struct found *x = a, *y = b;
  if (x->at.tv_sec != y->at.tv_sec) return x->at.tv_sec < y->at.tv_sec ? 1 : -1;
  return (x->at.tv_nsec < y->at.tv_nsec) - (x->at.tv_nsec > y->at.tv_nsec);
}

/* Whether this is a step at all, and whether it still runs. */
static bool is_step(const char *name, bool *runs) {
  struct step step;
  if (strspn(name, "0123456789abcdef") != strlen(name) || !open_step(name, &step)) return false;
  *runs = keeper_lives(&step);
  close_files(&step);
  return true;
}

/* A claim that is being made. A file's clock may be ahead of ours by less than a second; a later time is made up. */
static bool is_claim(const char *name, time_t made) {
  time_t age = time(NULL) - made;
  return name[0] == '.' && age >= -1 && age < 10;
}

/* Removes all but the newest finished steps, and whatever else has been put into the folder. Running steps stay. */
static void prune_to(size_t kept) {
  /* The agent may have closed it. */
  chmod(STEPS_DIR, 0700);
  DIR *dir = opendir(STEPS_DIR);
  if (!dir) return;
  struct found done[256];
  size_t count = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    const char *name = entry->d_name;
    struct stat info;
    bool runs = false;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
    if (fstatat(dirfd(dir), name, &info, AT_SYMLINK_NOFOLLOW) != 0 || is_claim(name, info.st_mtim.tv_sec)) continue;
    bool stays = S_ISDIR(info.st_mode) && is_step(name, &runs) && (runs || count < sizeof done / sizeof *done);
    if (!stays) remove_at(dirfd(dir), name);
    if (!stays || runs) continue;
    strcpy(done[count].name, name);
    done[count++].at = info.st_mtim;
  }
  qsort(done, count, sizeof *done, newest_first);
  for (size_t i = kept; i < count; i++) remove_at(dirfd(dir), done[i].name);
  closedir(dir);
}

/* Whether one more step of the largest output might find no room. */
static bool is_nearly_full(void) {
  struct statvfs room;
  if (statvfs(STEPS_DIR, &room) != 0) return false;
  return room.f_bavail * room.f_frsize < 2 * (HEAD_BYTES + TAIL_BYTES) || (room.f_files > 0 && room.f_favail < 64);
}

/* The agent can make up folders that look like finished steps. When they fill the room, all of them are removed. */
void prune_steps(void) {
  prune_to(KEPT_STEPS);
  if (is_nearly_full()) prune_to(0);
}

bool read_incarnation(char *id, size_t size) {
  int fd = open(BOOT_FILE, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t length = read(fd, id, size - 1);
  close(fd);
  while (length > 0 && id[length - 1] == '\n') length--;
  id[length < 0 ? 0 : length] = 0;
  return length > 0;
}
