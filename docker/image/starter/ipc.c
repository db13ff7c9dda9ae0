#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "starter.h"

/* ipc(2) by index, whatever the permissions say (Linux 4.17); the C library does not name them all. */
#define SHM_BY_INDEX 15
#define MSG_BY_INDEX 13
#define SEM_BY_INDEX 20

/*
 * Removes what System V and POSIX keep for this user: shared memory, queues and semaphores live on without a process.
 * Their memory would be missing in the next turn, and what they hold would pass into it. What is another user's cannot be
 * removed by us. False when files of shared memory or of queues are left.
 */
bool remove_ipc(void) {
  struct shmid_ds memory;
  struct msqid_ds queue;
  struct semid_ds semaphores;
  struct seminfo limits;
  struct shm_info shm;
  struct msginfo msg;
  int last = shmctl(0, SHM_INFO, (struct shmid_ds *)&shm);
  for (int at = 0, id; at <= last; at++)
    if ((id = shmctl(at, SHM_BY_INDEX, &memory)) >= 0) shmctl(id, IPC_RMID, NULL);
  last = msgctl(0, MSG_INFO, (struct msqid_ds *)&msg);
  for (int at = 0, id; at <= last; at++)
    if ((id = msgctl(at, MSG_BY_INDEX, &queue)) >= 0) msgctl(id, IPC_RMID, NULL);
  last = semctl(0, 0, SEM_INFO, &limits);
  for (int at = 0, id; at <= last; at++)
    if ((id = semctl(at, 0, SEM_BY_INDEX, &semaphores)) >= 0) semctl(id, 0, IPC_RMID);
  /* shm_overview(7), mq_overview(7) */
  bool memory_gone = remove_inside("/dev/shm"), queues_gone = remove_inside("/dev/mqueue");
  return memory_gone && queues_gone;
}
