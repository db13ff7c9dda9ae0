import { inTransaction } from '../../store/database.ts';
import { closeEntry } from '../../store/inbox.ts';
import { putMessage } from '../../store/outbox.ts';
import { restartThread } from '../../store/restarts.ts';
import { findSession } from '../../store/sessions.ts';
import { cameLate, overtakeByStop } from '../../store/stops.ts';
import { lockSession } from '../../store/turn-fence.ts';
import { markStopped } from '../../store/turns.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from '../delivery/known-entry.ts';
import { isOthers } from '../delivery/requester-threads.ts';
import { tellAlone } from './tell-alone.ts';

const NOTHING = 'There is nothing to restart: I have not worked in this thread.';
const ANOTHERS = 'In this thread I work in the name of another person, who alone can restart it.';
const LATE =
  'Your restart reached me after what was said behind it, so I go on with that. Say it once more to restart.';
const RESTARTED =
  'I begin anew here: I no longer know what I was told and have done in this thread. When somebody asks me next, I read the thread again, with the instructions that apply then. The files in my sandbox are kept.';

/**
 * Ends the work of a thread as a stop does, and begins the thread anew. Nothing is asked of the model. The thread is told who wanted it,
 * because everybody in it speaks to an agent that knows nothing any more.
 */
export async function restartSession(
  dependencies: DeliveryDependencies,
  known: KnownEntry,
  stepAside: () => void,
): Promise<void> {
  const { database, signals } = dependencies;
  const { row, session, author } = known;
  const found = await findSession(database, session);
  const why = !found
    ? NOTHING
    : isOthers(found.owner, known)
      ? ANOTHERS
      : (await cameLate(database, row))
        ? LATE
        : null;
  let wasStopped = false;
  if (why === null) {
    await overtakeByStop(database, row);
    wasStopped = await signals.stop(session, { inboxId: row.id, by: row.author });
    stepAside();
    // Of what was said long ago, Slack may have more than is stored here.
    await dependencies.joinThread(row, session, found?.owner ?? null);
  }
  const read = await readEntry(dependencies, known);
  await inTransaction(database, async (db) => {
    // Before the row, as everywhere.
    if (why === null) await lockSession(db, session);
    if (!(await closeEntry(db, row.id, why === LATE ? 'context' : 'answered', read))) return;
    if (why === null && !wasStopped) await markStopped(db, session, row.id);
    if (why === null) await restartThread(db, session, row.id);
    await tellAlone(db, row, `${row.id}/restart`, { text: why ?? RESTARTED });
    // In a direct message nobody else is there.
    if (why !== null || row.address === 'dm') return;
    const { team, channel, threadTs } = row;
    const body = { kind: 'notice', text: restartedText(author.name), for: row.author } as const;
    await putMessage(db, { key: `${row.id}/restarted`, team, channel, threadTs, body, final: true });
  });
}

function restartedText(name: string): string {
  return `${name} restarted this thread: I no longer know what was said and done here, and read it again when somebody asks me next.`;
}
