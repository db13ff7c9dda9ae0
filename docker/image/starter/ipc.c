#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "starter.h"

static void remove_memory(int id) { shmctl(id, IPC_RMID, NULL); }
static void remove_queue(int id) { msgctl(id, IPC_RMID, NULL); }
static void remove_semaphores(int id) { semctl(id, 0, IPC_RMID); }

/* proc_sysvipc(5): a heading, then lines that begin with a key and an id; all of them, whatever their permissions say. */
static void remove_listed(const char *path, void (*remove_one)(int)) {
  FILE *list = fopen(path, "re");
  if (!list) return;
  char line[512];
  int id;
  while (fgets(line, sizeof line, list))
    if (sscanf(line, "%*d %d", &id) == 1) remove_one(id);
  fclose(list);
}

/*
 * Removes what System V keeps for this user: shared memory, queues and semaphores live on without a process, and their
 * memory would be missing in the next turn. What is another user's cannot be removed by us.
 */
void remove_ipc(void) {
  remove_listed("/proc/sysvipc/shm", remove_memory);
  remove_listed("/proc/sysvipc/msg", remove_queue);
  remove_listed("/proc/sysvipc/sem", remove_semaphores);
}
