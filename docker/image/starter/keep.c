#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "starter.h"

/* After the command's end: how long to wait for what its background children still write. */
#define LINGER_MS 100
/* Between asking the command to end (SIGTERM) and ending it. */
#define GRACE_MS 1000

#define AGENT_GEMS AGENT_HOME "/.local/gems"
#define AGENT_PROGRAMS AGENT_HOME "/.local/bin:" AGENT_GEMS "/bin"

static void say(const char *text) {
  if (write(STDOUT_FILENO, text, strlen(text)) < 0) return;
}

/* Ruby installs gems where the agent may write, and finds those of an image that has them in a folder of its own too. */
static void set_gem_folders(void) {
  char path[4096];
  const char *of_image = getenv("GEM_HOME");
  /* The empty part at the end stands for the folders that Ruby has by itself. */
  if (of_image && !getenv("GEM_PATH") && snprintf(path, sizeof path, "%s:", of_image) < (int)sizeof path)
    setenv("GEM_PATH", path, 1);
  setenv("GEM_HOME", AGENT_GEMS, 1);
}

/*
 * What of a command's environment lies in folders that the agent can write. It is set here and nowhere before: the
 * environment of the container, which every other program of a sandbox gets, names none of them.
 */
static void set_environment(const struct command *command) {
  char path[4096];
  const char *programs = getenv("PATH");
  if (!programs || snprintf(path, sizeof path, "%s:%s", AGENT_PROGRAMS, programs) >= (int)sizeof path)
    snprintf(path, sizeof path, "%s", AGENT_PROGRAMS ":/usr/local/bin:/usr/bin:/bin");
  mkdir(AGENT_HOME, 0700);
  setenv("HOME", AGENT_HOME, 1);
  setenv("TMPDIR", "/tmp", 1);
  setenv("PATH", path, 1);
  setenv("NPM_CONFIG_PREFIX", AGENT_HOME "/.local", 1);
  set_gem_folders();
  setenv("USER", "agent", 1);
  setenv("LOGNAME", "agent", 1);
  setenv("SHELL", access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh", 1);
  setenv("GIT_CONFIG_SYSTEM", "/usr/local/lib/bellhop/gitconfig", 1);
  setenv(STEP_MARK, command->step, 1);
}

/* Whether the agent's database of NSS has what the bundle begins with now (files/browser-trust). */
static bool browsers_trust(void) {
  struct stat bundle, database;
  if (stat(SOCKET_DIR "/ca.pem", &bundle) != 0) return true;
  return stat(AGENT_HOME "/.pki/nssdb/cert9.db", &database) == 0 && database.st_mtime >= bundle.st_mtime;
}

/* Lets browsers trust the bundle. Nobody waits for it, and a command that is no browser does not care how it ends. */
static void make_browsers_trust(void) {
  if (browsers_trust() || fork() != 0) return;
  setsid();
  int null_fd = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd++) dup2(null_fd, fd);
  for (int fd = 3; fd < 64; fd++) close(fd);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  mkdir(AGENT_HOME, 0700);
  if (chdir("/") != 0 || (nice(15) == -1 && errno)) errno = 0;
  char *const arguments[] = {"browser-trust", AGENT_HOME, NULL};
  char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
  execve("/usr/local/lib/bellhop/browser-trust", arguments, environment);
  _exit(127);
}

static void become(const struct command *command, int out_fd) {
  setsid();
  int null_fd = open("/dev/null", O_RDONLY);
  dup2(null_fd, STDIN_FILENO);
  dup2(out_fd, STDOUT_FILENO);
  dup2(out_fd, STDERR_FILENO);
  for (int fd = 3; fd < 64; fd++) close(fd);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);

  struct rlimit processes = {(rlim_t)command->processes, (rlim_t)command->processes};
  setrlimit(RLIMIT_NPROC, &processes);
  /* The relay and whoever has to end this command come first for the CPU, and last when memory is short. */
  if (nice(15) == -1 && errno) errno = 0;
  /* The starter is closed to other processes (Dockerfile), and so is its file below. From here on this is the command's own. */
  prctl(PR_SET_DUMPABLE, 1);
  int oom_fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (oom_fd >= 0 && write(oom_fd, "500", 3) > 0) close(oom_fd);

  set_environment(command);
  if (chdir(command->cwd) != 0) {
    char message[600];
    snprintf(message, sizeof message, "cannot start in %s: %s\n", command->cwd, strerror(errno));
    say(message);
    _exit(126);
  }
  execl("/bin/bash", "bash", "-c", command->text, (char *)NULL);
  /* An image of a team may have no bash. */
  if (errno == ENOENT) execl("/bin/sh", "sh", "-c", command->text, (char *)NULL);
  say("cannot start bash\n");
  _exit(127);
}

/* The file holds the head, and behind it a ring of the newest bytes. */
static void store(const struct step *step, struct step_state *state, const char *bytes, size_t length) {
  while (length > 0) {
    off_t at = state->total;
    size_t room;
    if (at < HEAD_BYTES) {
      room = (size_t)(HEAD_BYTES - at);
    } else {
      off_t in_ring = (at - HEAD_BYTES) % TAIL_BYTES;
      room = (size_t)(TAIL_BYTES - in_ring);
      at = HEAD_BYTES + in_ring;
    }
    size_t part = length < room ? length : room;
    if (pwrite(step->out_fd, bytes, part, at) != (ssize_t)part) state->output_lost = 1;
    state->total += (int64_t)part;
    bytes += part;
    length -= part;
  }
}

static const char *step_name(const struct step *step) { return strrchr(step->dir, '/') + 1; }

static void notify(int fd) {
  if (fd >= 0 && write(fd, "!", 1) < 0) return;
}

/* Reads what is there, though not for ever: there is a deadline to keep. False when every writer is gone. */
static bool drain(int from, const struct step *step, struct step_state *state, int notify_fd) {
  static char bytes[65536];
  for (int reads = 0; reads < 64; reads++) {
    ssize_t n = read(from, bytes, sizeof bytes);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    if (state->done) continue;
    store(step, state, bytes, (size_t)n);
    save_state(step, state);
    notify(notify_fd);
  }
  return true;
}

static bool reap(pid_t child, int *status) {
  bool ended = false;
  int one;
  for (pid_t pid; (pid = waitpid(-1, &one, WNOHANG)) > 0;) {
    if (pid != child) continue;
    *status = one;
    ended = true;
  }
  return ended;
}

static void finish(const struct step *step, struct step_state *state, int status, int notify_fd) {
  /* Past its time nothing of a command goes on, not even what had put itself into the background. */
  if (state->timed_out) kill_tree(getpid(), step_name(step));
  state->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  if (state->timed_out) state->exit_code = 124;
  state->done = 1;
  save_state(step, state);
  notify(notify_fd);
}

/*
 * Makes orphans of the command children of this process. Not under gVisor: when a subreaper and its children are killed
 * together there, gVisor takes the last of them for the first process of the sandbox, and the whole sandbox ends. There
 * the mark in their environment is enough.
 */
static void become_subreaper(void) {
  if (is_gvisor()) return;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static int until(int64_t moment) {
  int64_t left = moment - now_ms();
  return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/*
 * Runs the command to its end and keeps its output and result. Never returns. The deadline is kept here, so that it
 * holds with nobody outside. What the command leaves in the background lives on, and so does this process, which
 * reads what they write (they would die of SIGPIPE otherwise) and reaps them.
 */
void keep(const struct command *command, const struct step *step, int notify_fd) {
  setsid();
  become_subreaper();
  signal(SIGPIPE, SIG_IGN);
  sigset_t mask;
  sigemptyset(&mask);
  int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGQUIT};
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
  sigaddset(&mask, SIGCHLD);
  sigprocmask(SIG_BLOCK, &mask, NULL);
  int child_fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
  int out[2];
  pid_t child = child_fd >= 0 && pipe2(out, O_CLOEXEC) == 0 ? fork() : -1;
  if (child < 0) {
    drop_step(step);
    _exit(1);
  }
  if (child == 0) become(command, out[1]);
  close(out[1]);
  fcntl(out[0], F_SETFL, O_NONBLOCK);
  if (notify_fd >= 0) fcntl(notify_fd, F_SETFL, O_NONBLOCK);
  notify(notify_fd);
  make_browsers_trust();

  struct step_state state = {0};
  int status = 0;
  bool ended = false, open_pipe = true;
  int64_t deadline = now_ms() + command->timeout_ms, linger = 0;
  while (!state.done || open_pipe) {
    struct pollfd polled[2] = {{.fd = child_fd, .events = POLLIN}, {.fd = open_pipe ? out[0] : -1, .events = POLLIN}};
    poll(polled, 2, state.done ? 60000 : until(ended ? linger : deadline));
    struct signalfd_siginfo ignored_info;
    while (read(child_fd, &ignored_info, sizeof ignored_info) > 0) continue;
    if (reap(child, &status)) {
      ended = true;
      linger = now_ms() + LINGER_MS;
    }
    if (open_pipe) open_pipe = drain(out[0], step, &state, notify_fd);
    if (state.done) continue;
    if (ended) {
      if (!open_pipe || now_ms() >= linger) finish(step, &state, status, notify_fd);
    } else if (now_ms() >= deadline) {
      if (state.timed_out) {
        kill_tree(getpid(), step_name(step));
      } else {
        state.timed_out = 1;
        kill(-child, SIGTERM);
      }
      deadline = now_ms() + GRACE_MS;
    }
  }
  _exit(0);
}
