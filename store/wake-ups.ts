import type pg from 'pg';

/** The channels on which listeners can be woken. */
export type WakeChannel =
  | 'bellhop_inbox'
  | 'bellhop_outbox'
  | 'bellhop_thread'
  | 'bellhop_egress'
  | 'bellhop_places'
  | 'bellhop_people'
  | 'bellhop_question'
  /** With the payload `file`, a server of the access file is waited for too. */
  | 'bellhop_servers';

/**
 * Tells listeners of a channel that there is something new. `payload` is a session id on channels about sessions. A
 * wake-up is only a hint and may get lost. Therefore every listener also polls.
 */
export type Wake = (channel: WakeChannel, payload?: string) => void;

export interface WakeUps {
  readonly wake: Wake;
  /** Sends the collected wake-ups. */
  flush(): Promise<void>;
}

/** Wake-ups of one process are sent at most this often. */
const EVERY_MS = 10;

/**
 * Collects the wake-ups of one process and sends them in one statement of their own.
 *
 * PostgreSQL holds one lock of the whole database while a transaction that called NOTIFY commits (LISTEN/NOTIFY,
 * `PreCommit_Notify`), so all such transactions commit one after the other. A hot transaction therefore never
 * notifies: its wake-ups follow after the commit, and equal ones are sent once. Nothing is lost with a hint, so that its
 * commit does not wait for the disk.
 *
 * @example
 *   await db.query('insert into inbox …');
 *   db.wake('bellhop_inbox');
 */
export function createWakeUps(db: Pick<pg.Pool, 'query'>): WakeUps {
  /** By channel and payload, so that equal wake-ups are sent once. */
  let waiting = new Map<string, readonly [WakeChannel, string]>();
  let timer: NodeJS.Timeout | null = null;
  let sentAt = 0;
  let sending: Promise<void> = Promise.resolve();

  const send = async (): Promise<void> => {
    timer = null;
    sentAt = Date.now();
    const wakeUps = [...waiting.values()];
    waiting = new Map();
    if (wakeUps.length === 0) return;
    await db
      .query(
        `with hurry as materialized (select set_config('synchronous_commit', 'off', true) as set)
         select pg_notify(channel, payload) from hurry, unnest($1::text[], $2::text[]) as wake_up (channel, payload)
         where hurry.set is not null`,
        [wakeUps.map(([channel]) => channel), wakeUps.map(([, payload]) => payload)],
      )
      // The database is away. Listeners poll when it is back, so the lost wake-ups do no harm.
      .catch(() => {});
  };

  return {
    wake(channel, payload = '') {
      waiting.set(`${channel} ${payload}`, [channel, payload]);
      timer ??= setTimeout(
        () => {
          sending = sending.then(send);
        },
        Math.max(0, sentAt + EVERY_MS - Date.now()),
      );
    },
    async flush() {
      if (timer) clearTimeout(timer);
      sending = sending.then(send);
      await sending;
    },
  };
}
