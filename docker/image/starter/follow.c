#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "starter.h"

/* How often a follower that did not start the command looks for news. */
#define LOOK_MS 15

static void send_range(const struct step *step, int64_t from, int64_t to) {
  char bytes[65536];
  while (from < to) {
    size_t part = to - from < (int64_t)sizeof bytes ? (size_t)(to - from) : sizeof bytes;
    ssize_t n = pread(step->out_fd, bytes, part, from);
    if (n <= 0) return;
    frame('O', bytes, (size_t)n);
    from += n;
  }
}

/* The end of the output, after the head: all of it, or a line that names the cut and then the newest bytes. */
static int64_t send_tail(const struct step *step, int64_t total) {
  int64_t behind = total - HEAD_BYTES;
  if (behind <= 0) return 0;
  int64_t cut = behind > TAIL_BYTES ? behind - TAIL_BYTES : 0;
  int64_t start = cut > 0 ? behind % TAIL_BYTES : 0;
  if (cut > 0) {
    char line[100];
    int length = snprintf(line, sizeof line, "\n[... %" PRId64 " bytes of output cut here ...]\n", cut);
    frame('O', line, (size_t)length);
    send_range(step, HEAD_BYTES + start, HEAD_BYTES + TAIL_BYTES);
    send_range(step, HEAD_BYTES, HEAD_BYTES + start);
  } else {
    send_range(step, HEAD_BYTES, HEAD_BYTES + behind);
  }
  return cut;
}

static void wait_for_news(int notify_fd) {
  struct pollfd polled = {.fd = notify_fd, .events = POLLIN};
  poll(&polled, 1, notify_fd >= 0 ? 1000 : LOOK_MS);
  char bytes[512];
  if (polled.revents & POLLIN) {
    if (read(notify_fd, bytes, sizeof bytes) < 0) return;
  } else if (polled.revents & POLLHUP) {
    usleep(LOOK_MS * 1000);
  }
}

static int follow(const struct step *step, int notify_fd, const char *incarnation) {
  int64_t sent = 0;
  for (;;) {
    /* In this order: a keeper that ends between these two lines has stored its result before. */
    bool alive = keeper_lives(step);
    struct step_state state = load_state(step);
    int64_t head = state.total < HEAD_BYTES ? state.total : HEAD_BYTES;
    if (head > sent) send_range(step, sent, head);
    sent = head;
    if (state.done || !alive) {
      int64_t cut = send_tail(step, state.total);
      answer("{\"state\":\"%s\",\"exit\":%d,\"timedOut\":%s,\"size\":%" PRId64 ",\"cut\":%" PRId64
             ",\"outputLost\":%s,\"incarnation\":%s}",
             state.done ? "finished" : "killed", state.exit_code, state.timed_out ? "true" : "false", state.total, cut,
             state.output_lost ? "true" : "false", quoted(incarnation));
      return 0;
    }
    wait_for_news(notify_fd);
  }
}

static int start_and_follow(const struct command *command, const char *incarnation) {
  int news[2];
  if (pipe2(news, O_CLOEXEC) != 0) return fail("start", "no pipe: %s", strerror(errno));
  prune_steps();
  struct step step;
  /* The keeper itself claims the step, so that it holds the lock from the first moment. */
  pid_t keeper = fork();
  if (keeper < 0) return fail("start", "no process: %s", strerror(errno));
  if (keeper == 0) {
    close(news[0]);
    enum claim claim = claim_step(command->step, &step);
    if (claim != CLAIMED) _exit(claim == TAKEN ? 2 : 3);
    /* Its own standard streams would hold the exec open for ever. */
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; fd++) dup2(null_fd, fd);
    keep(command, &step, news[1]);
  }
  close(news[1]);
  char first;
  bool started = read(news[0], &first, 1) == 1;
  if (!started) {
    int status = 0;
    waitpid(keeper, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 3) return fail("start", "the step folder is full");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1) return fail("start", "no process could be started");
  }
  if (!open_step(command->step, &step)) return fail("start", "the step vanished");
  return follow(&step, started ? news[0] : -1, incarnation);
}

/* Starts the command unless it was started before, and follows it to its end. */
int run(const struct command *command, bool may_start) {
  char incarnation[80] = "";
  if (!read_incarnation(incarnation, sizeof incarnation)) return fail("start", "the sandbox has not booted yet");
  if (strcmp(command->incarnation, "-") != 0 && strcmp(command->incarnation, incarnation) != 0) {
    answer("{\"state\":\"elsewhere\",\"incarnation\":%s}", quoted(incarnation));
    return 0;
  }
  /* This is said before anything is started. So a caller that does not hear it knows that nothing was started. */
  answer("{\"state\":\"reached\",\"incarnation\":%s}", quoted(incarnation));
  struct step step;
  if (open_step(command->step, &step)) return follow(&step, -1, incarnation);
  /*
   * At the end of a turn a note is made first, and then everything is killed.
   * 1. We look before the note is made: this process is there already, and is killed.
   * 2. We look after it: the command is refused.
   * Therefore no command of the turn outlives its end.
   */
  if (may_start && is_over(command->turn)) {
    answer("{\"state\":\"over\",\"incarnation\":%s}", quoted(incarnation));
    return 0;
  }
  if (may_start) return start_and_follow(command, incarnation);
  answer("{\"state\":\"unknown\",\"incarnation\":%s}", quoted(incarnation));
  return 0;
}
