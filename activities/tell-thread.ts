import { type SessionId, threadOf } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { putMessage } from '../store/outbox.ts';

/** Says something of Bellhop's own in a session's thread, once for each key. */
export type TellThread = (session: SessionId, key: string, text: string) => Promise<void>;

/** @param database a pool, or the transaction that the words belong to */
export function createTellThread(database: Queryable): TellThread {
  return async (session, key, text) => {
    const { team, channel, threadTs } = threadOf(session);
    await putMessage(database, { key, team, channel, threadTs, body: { kind: 'notice', text }, final: true });
  };
}
