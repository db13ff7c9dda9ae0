#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "starter.h"

/* The next call goes on where one stopped that ran out of time. */
#define REMOVE_MS 4000

static DIR *open_folder(int at, const char *name) {
  int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (fd >= 0 && !dir) close(fd);
  return dir;
}

/* The next entry, without those of the folder itself and of its parent. */
static const char *next_name(DIR *dir) {
  for (struct dirent *entry; (entry = readdir(dir));)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) return entry->d_name;
  return NULL;
}

static bool remove_simple(int at, const char *name) {
  return unlinkat(at, name, 0) == 0 || unlinkat(at, name, AT_REMOVEDIR) == 0;
}

/* Gives the rights on a folder back to its owner, who may have taken them away. Never follows a link. */
static void unlock(int at, const char *name) {
  struct stat info;
  if (fstatat(at, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode)) fchmodat(at, name, 0700, 0);
}

/* Moves a folder, with all that is in it, to the top. */
static bool lift(int from, const char *name, int top) {
  static unsigned number;
  /* A folder's own rights are needed to give it another parent. */
  unlock(from, name);
  for (int tries = 0; tries < 1000; tries++) {
    char target[64];
    snprintf(target, sizeof target, ".lifted-%d-%u", getpid(), number++);
    if (renameat2(from, name, top, target, RENAME_NOREPLACE) == 0) return true;
    if (errno != EEXIST) return false;
  }
  return false;
}

/*
 * Empties a folder, however deep it is. Nothing here calls itself, and two folders at most are open: files and empty
 * folders are removed, and a folder that is not empty has its own folders lifted to the top first. So every folder is moved
 * once at most, and each pass over the top leaves less. True when the folder is empty.
 */
static bool empty(DIR *top) {
  int64_t deadline = now_ms() + REMOVE_MS;
  for (bool progress = true, any = true; any;) {
    if (!progress || now_ms() > deadline) return false;
    progress = any = false;
    rewinddir(top);
    for (const char *name; (name = next_name(top));) {
      any = true;
      if (remove_simple(dirfd(top), name)) {
        progress = true;
        continue;
      }
      unlock(dirfd(top), name);
      DIR *inner = open_folder(dirfd(top), name);
      if (!inner) continue;
      for (const char *deeper; (deeper = next_name(inner));)
        if (remove_simple(dirfd(inner), deeper) || lift(dirfd(inner), deeper, dirfd(top))) progress = true;
      closedir(inner);
      if (unlinkat(dirfd(top), name, AT_REMOVEDIR) == 0) progress = true;
    }
  }
  return true;
}

/* Removes a file, or a folder with all that is in it, also what its owner has closed. Links are removed, never followed. */
bool remove_at(int at, const char *name) {
  if (remove_simple(at, name)) return true;
  unlock(at, name);
  DIR *dir = open_folder(at, name);
  if (!dir) return errno == ENOENT;
  bool emptied = empty(dir);
  closedir(dir);
  return emptied && unlinkat(at, name, AT_REMOVEDIR) == 0;
}

/* Removes what is in a folder, which stays itself. True when nothing is left; a folder that is not there holds nothing. */
bool remove_inside(const char *path) {
  DIR *dir = opendir(path);
  if (!dir) return errno == ENOENT;
  bool emptied = empty(dir);
  closedir(dir);
  return emptied;
}
