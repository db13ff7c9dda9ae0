#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "starter.h"

/*
 * Counts what the workspace takes on its disk. The agent may hinder the count in every way that its own user has. So the
 * walk opens each folder relative to the one before, because paths may be longer than PATH_MAX. It keeps the folders on
 * its way open, so that nothing is lost when one of them is moved. And it says so when a part was not seen: a count that is
 * not complete must not be taken for the truth.
 */

/* Nobody works in folders nested deeper than this, and there are descriptors for as many. */
#define MAX_DEPTH 8000

/* The folders from the workspace down to the present one. */
static struct level {
  int fd;
  size_t first; /* where the names of this folder's own folders begin in `pending` */
} levels[MAX_DEPTH];
static size_t depth;

/* Names of folders that are still to be visited: one list for the whole walk, the deepest folder's names at its end. */
#define MAX_PENDING (64 * 1024 * 1024)
static char *pending;
static size_t pending_size, pending_room;

static int64_t bytes_used;
static int64_t files_seen;
static bool incomplete;
static dev_t device;

static bool make_room(size_t wanted) {
  if (wanted <= pending_room) return true;
  if (wanted > MAX_PENDING) return false;
  size_t larger = wanted * 2 < 4096 ? 4096 : wanted * 2;
  char *moved = realloc(pending, larger);
  if (!moved) return false;
  pending = moved;
  pending_room = larger;
  return true;
}

static void remember(const char *name) {
  size_t length = strlen(name) + 1;
  if (!make_room(pending_size + length)) {
    incomplete = true;
    return;
  }
  memcpy(pending + pending_size, name, length);
  pending_size += length;
}

/* The last name of the list, which goes out of it. */
static const char *forget_last(void) {
  size_t at = pending_size - 1;
  while (at > levels[depth - 1].first && pending[at - 1] != 0) at--;
  pending_size = at;
  return pending + at;
}

static void add(const struct stat *info) {
  int64_t links = S_ISDIR(info->st_mode) || info->st_nlink == 0 ? 1 : (int64_t)info->st_nlink;
  bytes_used += (int64_t)info->st_blocks * 512 / links;
  files_seen++;
}

/* Removed meanwhile is no gap; anything else that keeps us from looking is one. */
static void missed(void) {
  if (errno != ENOENT) incomplete = true;
}

/* Counts what is in this folder, remembers its folders, and makes it the present one. Keeps `fd` as long. */
static void enter(int fd) {
  int listed = depth < MAX_DEPTH ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
  DIR *dir = listed < 0 ? NULL : fdopendir(listed);
  if (!dir) {
    incomplete = true;
    close(fd);
    return;
  }
  levels[depth++] = (struct level){.fd = fd, .first = pending_size};
  errno = 0;
  for (struct dirent *entry; (entry = readdir(dir)); errno = 0) {
    struct stat found;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (fstatat(dirfd(dir), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
      /* A folder that may be listed and not searched: its owner's rights come back, which is us. */
      fchmod(dirfd(dir), 0700);
      if (fstatat(dirfd(dir), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
        missed();
        continue;
      }
    }
    add(&found);
    if (S_ISDIR(found.st_mode) && found.st_dev == device) remember(entry->d_name);
  }
  if (errno != 0) missed();
  closedir(dir);
}

static int open_folder(int at, const char *name) {
  int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  int fd = openat(at, name, flags);
  if (fd < 0 && errno == EACCES) {
    /* Closed to its owner, which is us, it would hide what is in it. */
    fchmodat(at, name, 0700, 0);
    fd = openat(at, name, flags);
  }
  /* Something else by now than a folder holds nothing. */
  if (fd < 0 && errno != ENOTDIR && errno != ELOOP) missed();
  return fd;
}

static void walk(int top) {
  enter(top);
  while (depth > 0) {
    const struct level *here = &levels[depth - 1];
    if (!incomplete && pending_size > here->first) {
      int inner = open_folder(here->fd, forget_last());
      if (inner >= 0) enter(inner);
    } else {
      close(here->fd);
      depth--;
    }
  }
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

int usage(void) {
  struct stat top;
  int fd = open(WORKSPACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &top) != 0) return fail("failed", "no workspace");
  device = top.st_dev;
  walk(fd);
  DIR *dir = opendir("/proc");
  for (struct dirent *entry; dir && (entry = readdir(dir));)
    if (isdigit((unsigned char)entry->d_name[0])) count_deleted(entry->d_name);
  if (dir) closedir(dir);
  answer("{\"bytes\":%" PRId64 ",\"files\":%" PRId64 ",\"complete\":%s}", bytes_used, files_seen,
         incomplete ? "false" : "true");
  return 0;
}
