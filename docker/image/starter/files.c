#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "starter.h"

static int refuse(const char *path) {
  switch (errno) {
    case ENOENT:
      return fail("missing", "no such file: %s", path);
    case EACCES:
    case EPERM:
      return fail("denied", "permission denied: %s", path);
    case EROFS:
      return fail("denied", "read-only: %s", path);
    case EISDIR:
      return fail("folder", "is a folder: %s", path);
    case ENOTDIR:
      return fail("missing", "a part of the path is not a folder: %s", path);
    case ENOSPC:
    case EDQUOT:
      return fail("full", "no space left for %s", path);
    default:
      return fail("failed", "%s: %s", path, strerror(errno));
  }
}

/* Sends the size, then the bytes from offset on, at most max of them. */
int read_file(const char *path, int64_t offset, int64_t max) {
  /* Non-blocking: a named pipe would keep us waiting for its writer. */
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0) return refuse(path);
  if (S_ISDIR(info.st_mode)) return fail("folder", "is a folder: %s", path);
  if (!S_ISREG(info.st_mode)) return fail("special", "not a regular file: %s", path);
  answer("{\"size\":%" PRId64 "}", (int64_t)info.st_size);
  if (offset > 0 && lseek(fd, offset, SEEK_SET) < 0) return refuse(path);
  char bytes[65536];
  int64_t left = max;
  while (left > 0) {
    ssize_t n = read(fd, bytes, left < (int64_t)sizeof bytes ? (size_t)left : sizeof bytes);
    if (n < 0) return refuse(path);
    if (n == 0) break;
    frame('O', bytes, (size_t)n);
    left -= n;
  }
  answer("{\"sent\":%" PRId64 "}", max - left);
  return 0;
}

static void make_parents(const char *path) {
  char part[PATH_MAX];
  snprintf(part, sizeof part, "%s", path);
  for (char *at = part + 1; *at; at++) {
    if (*at != '/') continue;
    *at = 0;
    mkdir(part, 0755);
    *at = '/';
  }
}

/*
 * Receives pieces, each four bytes of length (big endian) and its bytes, ended by a length of zero; a stream that
 * breaks off leaves the old file as it was. A symlink stays one: what it points to is replaced.
 */
int write_file(const char *path, mode_t mode, int64_t max) {
  char target[PATH_MAX], temporary[PATH_MAX + 32];
  struct stat old;
  if (!realpath(path, target)) snprintf(target, sizeof target, "%s", path);
  make_parents(target);
  if (stat(target, &old) == 0) {
    if (S_ISDIR(old.st_mode)) return fail("folder", "is a folder: %s", path);
    if (!S_ISREG(old.st_mode)) return fail("special", "not a regular file: %s", path);
    if (access(target, W_OK) != 0) return refuse(path);
    mode = old.st_mode & 07777;
  }
  char of_target[PATH_MAX];
  snprintf(of_target, sizeof of_target, "%s", target);
  snprintf(temporary, sizeof temporary, "%s/.bellhop-write-XXXXXX", dirname(of_target));
  int fd = mkostemp(temporary, O_CLOEXEC);
  if (fd < 0) return refuse(path);

  static char bytes[65536];
  int64_t written = 0;
  for (;;) {
    uint32_t length;
    bool whole = read_exactly(STDIN_FILENO, &length, sizeof length);
    length = ntohl(length);
    if (whole && length == 0) break;
    if (!whole || length > sizeof bytes || !read_exactly(STDIN_FILENO, bytes, length)) {
      unlink(temporary);
      return fail("broken", "the file did not arrive whole: %s", path);
    }
    written += length;
    if (written > max) {
      unlink(temporary);
      return fail("large", "over %" PRId64 " bytes: %s", max, path);
    }
    if (write(fd, bytes, length) != (ssize_t)length) {
      errno = errno ? errno : ENOSPC;
      int code = refuse(path);
      unlink(temporary);
      return code;
    }
  }
  if (fchmod(fd, mode) != 0 || close(fd) != 0 || rename(temporary, target) != 0) {
    int code = refuse(path);
    unlink(temporary);
    return code;
  }
  answer("{\"written\":%" PRId64 "}", written);
  return 0;
}
