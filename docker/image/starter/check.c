#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "starter.h"

static char sockets[2048];
static int socket_count;

static int note_socket(const char *path, const struct stat *info, int kind, struct FTW *ftw) {
  (void)kind;
  (void)ftw;
  if (!S_ISSOCK(info->st_mode)) return 0;
  const char *name = quoted(path + strlen(SOCKET_DIR) + 1);
  if (strlen(sockets) + strlen(name) + 2 < sizeof sockets) {
    if (socket_count > 0) strcat(sockets, ",");
    strcat(sockets, name);
  }
  socket_count++;
  return 0;
}

static bool relay_answers(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(RELAY_PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool connected = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
  if (fd >= 0) close(fd);
  return connected;
}

/*
 * What runs as the relay's user beside the first process. Whatever the engine has started in here, this process too, has a
 * parent outside, which reads as 0; nothing that was started inside can have that.
 */
static void count_own(size_t *relays, size_t *strangers) {
  static struct process list[MAX_PROCESSES];
  size_t count = list_processes(list);
  struct image_programs own = find_image_programs(list, count);
  if (own.relay) ++*relays;
  for (size_t i = 0; i < count; i++) {
    pid_t pid = list[i].pid;
    if (list[i].owner != getuid() || pid == 1 || list[i].parent == 0 || has_ended(&list[i])) continue;
    if (pid != own.entry && pid != own.relay) ++*strangers;
  }
}

/*
 * Called as the relay's user. Says what this sandbox is: which incarnation, whether its relay answers and is the image's,
 * what else runs as the relay's user, and every socket of the host that can be seen here. An engine that does not know volume
 * subpaths shows those of all sandboxes.
 */
int check(int64_t wait_ms) {
  char incarnation[80] = "";
  int64_t deadline = now_ms() + wait_ms;
  bool booted = false, answers = false;
  for (;;) {
    booted = booted || read_incarnation(incarnation, sizeof incarnation);
    answers = booted && relay_answers();
    if (answers || now_ms() >= deadline) break;
    usleep(3000);
  }
  size_t relays = 0, strangers = 0;
  count_own(&relays, &strangers);
  nftw(SOCKET_DIR, note_socket, 8, FTW_PHYS);
  bool folder = access(SOCKET_DIR "/users/passwd", R_OK) == 0;
  answer("{\"incarnation\":\"%s\",\"answers\":%s,\"relays\":%zu,\"strangers\":%zu,\"folder\":%s,\"socketCount\":%d,"
         "\"sockets\":[%s]}",
         incarnation, answers ? "true" : "false", relays, strangers, folder ? "true" : "false", socket_count, sockets);
  return 0;
}
