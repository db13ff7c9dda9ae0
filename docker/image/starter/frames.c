#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "starter.h"

static void write_all(const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    ssize_t n = write(STDOUT_FILENO, at, length);
    if (n < 0 && errno == EINTR) continue;
    /* Nobody reads any more. The command goes on without us. */
    if (n <= 0) _exit(0);
    at += n;
    length -= (size_t)n;
  }
}

void frame(char kind, const void *bytes, size_t length) {
  unsigned char head[5] = {(unsigned char)kind};
  uint32_t size = htonl((uint32_t)length);
  memcpy(head + 1, &size, sizeof size);
  write_all(head, sizeof head);
  write_all(bytes, length);
}

void answer(const char *format, ...) {
  char text[8192];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length >= (int)sizeof text) length = sizeof text - 1;
  frame('J', text, (size_t)length);
}

int fail(const char *code, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  answer("{\"error\":\"%s\",\"message\":%s}", code, quoted(text));
  return 1;
}

/* A JSON string; bytes that are not printable ASCII become '?', because names in a sandbox are anything. */
const char *quoted(const char *text) {
  static char out[1200];
  size_t at = 0;
  out[at++] = '"';
  for (; *text && at < sizeof out - 4; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') out[at++] = '\\';
    out[at++] = (c >= 0x20 && c < 0x7f) ? (char)c : '?';
  }
  out[at++] = '"';
  out[at] = 0;
  return out;
}

bool read_exactly(int fd, void *bytes, size_t length) {
  char *at = bytes;
  while (length > 0) {
    ssize_t n = read(fd, at, length);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    length -= (size_t)n;
  }
  return true;
}

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
