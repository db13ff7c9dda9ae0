#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
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
 * Takes the step for the calling process. The folder is filled under another name, locked, and then renamed to its
 * own: whoever finds it under its own name finds it whole and locked, and only one rename can succeed.
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

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *ftw) {
  (void)info;
  (void)kind;
  (void)ftw;
  remove(path);
  return 0;
}

static void remove_folder(const char *dir) { nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS); }

void drop_step(const struct step *step) { remove_folder(step->dir); }

struct found {
  char name[256];
  struct timespec at;
};

static int newest_first(const void *a, const void *b) {
  const struct found *x = a, *y = b;
  if (x->at.tv_sec != y->at.tv_sec) return x->at.tv_sec < y->at.tv_sec ? 1 : -1;
  return (x->at.tv_nsec < y->at.tv_nsec) - (x->at.tv_nsec > y->at.tv_nsec);
}

static bool may_stay(const struct found *found, time_t now, size_t *kept) {
  /* A claim in the making. */
  if (found->name[0] == '.') return now - found->at.tv_sec < 10;
  struct step step;
  if (!open_step(found->name, &step)) return false;
  bool stays = keeper_lives(&step) || (*kept)++ < KEPT_STEPS;
  close_files(&step);
  return stays;
}

/* Removes all but the newest steps, and whatever else has been put into the folder. Running steps stay. */
void prune_steps(void) {
  /* The agent may have closed it. */
  chmod(STEPS_DIR, 0700);
  DIR *dir = opendir(STEPS_DIR);
  if (!dir) return;
  struct found found[512];
  size_t count = 0;
  for (struct dirent *entry; (entry = readdir(dir)) && count < 512;) {
    struct stat info;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (strlen(entry->d_name) >= sizeof found[0].name) continue;
    if (fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    strcpy(found[count].name, entry->d_name);
    found[count++].at = info.st_mtim;
  }
  closedir(dir);
  qsort(found, count, sizeof found[0], newest_first);
  size_t kept = 0;
  time_t now = time(NULL);
  for (size_t i = 0; i < count; i++) {
    if (may_stay(&found[i], now, &kept)) continue;
    char path[420];
    snprintf(path, sizeof path, STEPS_DIR "/%s", found[i].name);
    remove_folder(path);
  }
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
