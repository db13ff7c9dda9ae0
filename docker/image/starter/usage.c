#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "starter.h"

static int64_t bytes_used;
static int64_t files_seen;
static bool hidden;
static dev_t device;

static int count_one(const char *path, const struct stat *info, int kind, struct FTW *ftw) {
  (void)ftw;
  /* A folder closed to its owner would hide what is in it; it is this user's own, so it is opened again. */
  if (kind == FTW_D && (info->st_mode & 0700) != 0700) chmod(path, info->st_mode | 0700);
  if (kind == FTW_DNR && chmod(path, info->st_mode | 0700) == 0) nftw(path, count_one, 16, FTW_PHYS | FTW_MOUNT);
  struct stat again;
  if (kind == FTW_NS) {
    /* Removed meanwhile, or kept from being looked at. */
    if (lstat(path, &again) != 0 && errno != ENOENT && errno != ENOTDIR) hidden = true;
    return 0;
  }
  bytes_used += (int64_t)info->st_blocks * 512 / (info->st_nlink > 1 && !S_ISDIR(info->st_mode) ? (int64_t)info->st_nlink : 1);
  files_seen++;
  return 0;
}

/* A table of what was counted; where it is half full, the rest is counted as often as it is found. */
#define SEEN 65536
static ino_t seen[SEEN];
static size_t seen_count;

static bool is_new(ino_t inode) {
  size_t at = (size_t)inode % SEEN;
  for (; seen[at]; at = (at + 1) % SEEN)
    if (seen[at] == inode) return false;
  if (seen_count < SEEN / 2) {
    seen[at] = inode;
    seen_count++;
  }
  return true;
}

/* gVisor still counts a link, and says it in the name only. */
static bool is_deleted(int dir_fd, const char *name, const struct stat *info) {
  char target[4200];
  if (info->st_nlink == 0) return true;
  ssize_t length = readlinkat(dir_fd, name, target, sizeof target - 1);
  if (length < 10) return false;
  target[length] = 0;
  return strcmp(target + length - 10, " (deleted)") == 0;
}

/* Files without a name take space as long as a process holds them open. */
static void count_deleted(const char *pid) {
  char path[300];
  snprintf(path, sizeof path, "/proc/%s/fd", pid);
  DIR *dir = opendir(path);
  if (!dir) return;
  for (struct dirent *entry; (entry = readdir(dir));) {
    struct stat info;
    if (fstatat(dirfd(dir), entry->d_name, &info, 0) != 0) continue;
    if (!S_ISREG(info.st_mode) || info.st_dev != device || !is_deleted(dirfd(dir), entry->d_name, &info)) continue;
    if (!is_new(info.st_ino)) continue;
    bytes_used += (int64_t)info.st_blocks * 512;
    files_seen++;
  }
  closedir(dir);
}

/* What the workspace takes on its disk. */
int usage(void) {
  struct stat root;
  if (stat(WORKSPACE, &root) != 0) return fail("failed", "no workspace");
  device = root.st_dev;
  nftw(WORKSPACE, count_one, 16, FTW_PHYS | FTW_MOUNT);
  DIR *dir = opendir("/proc");
  for (struct dirent *entry; dir && (entry = readdir(dir));)
    if (isdigit((unsigned char)entry->d_name[0])) count_deleted(entry->d_name);
  if (dir) closedir(dir);
  if (hidden) return fail("hidden", "a part of the workspace cannot be counted");
  answer("{\"bytes\":%" PRId64 ",\"files\":%" PRId64 "}", bytes_used, files_seen);
  return 0;
}
