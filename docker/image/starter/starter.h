/*
 * bellhop-step: the small program that runs inside every sandbox as the agent's user.
 *
 * It exists because the client of a `docker exec` may die at any moment (a worker killed, a deploy) while the command
 * must neither die with it nor be started twice. So a command is claimed under its step id, kept by a process of its
 * own, and followed; a follower that comes later finds the same command, or its result.
 *
 * Answers go to stdout as frames, so that data and its end cannot overtake each other: one byte of kind, four bytes of
 * length (big endian), then the bytes. Kind 'O' is data, kind 'J' is one JSON object; the last frame is always a 'J'.
 * Of several calls one after the other ("serve"), each is followed by an empty frame of kind 'E'.
 */
#ifndef STARTER_H
#define STARTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "relay.h"

#define STEPS_DIR "/run/steps"
#define SOCKET_DIR "/run/bellhop"
#define WORKSPACE "/workspace"
#define AGENT_HOME WORKSPACE "/.home"
/* The number of the last turn that is over. Written by the machine outside, and there for as long as the sandbox has a folder. */
#define OVER_FILE SOCKET_DIR "/over"
/* In the environment of everything a command starts: its step. */
#define STEP_MARK "BELLHOP_STEP"

/* Output kept of one command: its first and its last half megabyte. */
#define HEAD_BYTES (512 * 1024)
#define TAIL_BYTES (511 * 1024)

/* Finished steps that are kept for an attempt that comes late. */
#define KEPT_STEPS 24

struct step_state {
  int64_t total; /* bytes the command has written so far */
  int32_t done;
  int32_t exit_code;
  int32_t timed_out;
  int32_t output_lost; /* the step folder was full */
};

struct step {
  char dir[400];
  int lock_fd; /* held by the keeper while it lives */
  int state_fd;
  int out_fd;
};

struct command {
  const char *step;
  int64_t timeout_ms;
  const char *cwd;
  const char *incarnation; /* "-" when the caller does not mind */
  long processes;
  const char *turn;
  const char *text;
};

/* frames.c */
void frame(char kind, const void *bytes, size_t length);
void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));
int fail(const char *code, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *quoted(const char *text);
bool read_exactly(int fd, void *bytes, size_t length);

/* step.c */
enum claim { CLAIMED, TAKEN, CLAIM_FAILED };
enum claim claim_step(const char *name, struct step *step);
bool open_step(const char *name, struct step *step);
bool keeper_lives(const struct step *step);
void drop_step(const struct step *step);
struct step_state load_state(const struct step *step);
void save_state(const struct step *step, const struct step_state *state);
void prune_steps(void);
bool read_incarnation(char *id, size_t size);

/* keep.c */
void keep(const struct command *command, const struct step *step, int notify_fd);

/* follow.c */
int run(const struct command *command, bool may_start);

/* remove.c */
bool remove_at(int at, const char *name);
bool remove_inside(const char *path);

/* over.c */
bool is_over(const char *turn);

/* processes.c */
#define MAX_PROCESSES 8192
struct process {
  pid_t pid, parent;
  uid_t owner;
  char state;
};
size_t list_processes(struct process *list);
bool has_ended(const struct process *process);
bool is_gvisor(void);

/* relay.c */
/* 0 for one that is not there, or is not as the image starts it. */
struct image_programs {
  pid_t entry, relay;
};
struct image_programs find_image_programs(const struct process *list, size_t count);
int sweep(void);

/* tree.c */
void kill_tree(pid_t root, const char *step);
int kill_everything(void);

/* ipc.c */
bool remove_ipc(void);

/* serve.c */
int serve(int (*obey)(int count, char **arguments));

/* files.c, usage.c, check.c */
int read_file(const char *path, int64_t offset, int64_t max);
int write_file(const char *path, mode_t mode, int64_t max);
int usage(void);
int check(int64_t wait_ms);

int64_t now_ms(void);

#endif
