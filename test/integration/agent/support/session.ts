import type { SessionId } from '../../../../contracts/ids.ts';
import { threadOf } from '../../../../contracts/ids.ts';
import { type Database, inTransaction } from '../../../../store/database.ts';
import { saveFile } from '../../../../store/files.ts';
import { markRead } from '../../../../store/incoming-files.ts';
import { ensureSession } from '../../../../store/sessions.ts';
import { advanceFence, lockSession, type TurnRef } from '../../../../store/turn-fence.ts';
import { finishTurn, insertTurn, runningTurnOf } from '../../../../store/turns.ts';

export interface Said {
  readonly text: string;
  readonly author?: string;
  readonly authorClass?: string;
  readonly state?: 'delivered' | 'context';
  readonly files?: readonly { name: string; size: number; file?: string; problem?: string }[];
}

let serial = 0;

/** A session of its own with nothing said in it yet. */
export async function newSession(database: Database): Promise<SessionId> {
  const id: SessionId = `slack:T1:C1:${1_790_000_000 + ++serial}.000100`;
  await ensureSession(database, { id, scope: 'channel:T1:C1', principal: 'agent@channel:T1:C1', permalink: null });
  return id;
}

/** Somebody says something in the session's thread. The id of its inbox row. */
export async function say(database: Database, session: SessionId, said: Said): Promise<string> {
  const { team, channel, threadTs } = threadOf(session);
  const ts = `${1_790_000_000 + ++serial}.000200`;
  const { rows } = await database.query<{ id: string }>(
    `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, author_class, address, text, files, state)
     values ($1, 'message', $2, $3, $4, $5, $6, $7, 'mention', $8, $9, $10) returning id`,
    [
      `Ev${serial}`,
      team,
      channel,
      threadTs,
      ts,
      said.author ?? 'U1',
      said.authorClass ?? 'member',
      said.text,
      JSON.stringify(said.files ?? []),
      said.state ?? 'delivered',
    ],
  );
  return rows[0]?.id ?? '';
}

/** Says something and begins the turn for it, after ending the one before. */
export async function sayAndBegin(database: Database, session: SessionId, text: string): Promise<number> {
  await say(database, session, { text });
  const fence = { run: 1, count: ++serial };
  const turn = await inTransaction(database, async (db) => {
    await lockSession(db, session);
    await advanceFence(db, session, fence);
    const before = await runningTurnOf(db, session);
    if (before) await finishTurn(db, session, before.number, { state: 'answered' });
    return insertTurn(db, { session, fence, after: 0, stoppedUpTo: null });
  });
  if (!turn) throw new Error('nobody waits');
  return turn.number;
}

/** A file of a message that the turn has read. */
export async function attachAndRead(
  database: Database,
  { session, turn }: TurnRef,
  file: { readonly name: string; readonly bytes: Buffer },
): Promise<void> {
  const id = await saveFile(database, { ...file, session, direction: 'in', origin: 'F1' });
  await markRead(database, [id], turn);
}
