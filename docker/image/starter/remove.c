#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "starter.h"

/* Closes the folder; null is none. */
static void remove_entries(DIR *dir) {
  if (!dir) return;
  for (struct dirent *entry; (entry = readdir(dir));)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) remove_at(dirfd(dir), entry->d_name);
  closedir(dir);
}

/*
 * Removes a file, or a folder with all that is in it: also folders that their owner has closed, and deeper than a path is
 * long. Links are removed, never followed.
 */
void remove_at(int at, const char *name) {
  if (unlinkat(at, name, 0) == 0) return;
  fchmodat(at, name, 0700, 0);
  int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  remove_entries(fdopendir(fd));
  unlinkat(at, name, AT_REMOVEDIR);
}

/* Removes what is in a folder, which stays itself. */
void remove_inside(const char *path) { remove_entries(opendir(path)); }
