import type { SessionId } from '../../contracts/ids.ts';
import { inTransaction, type Queryable } from '../../store/database.ts';
import { forgetThread } from '../../store/forget-thread.ts';
import { closeEntry } from '../../store/inbox.ts';
import { type MessageButton, putMessage } from '../../store/outbox.ts';
import { findSession } from '../../store/sessions.ts';
import { hasOvertaken, overtakeByStop } from '../../store/stops.ts';
import { lockSession } from '../../store/turn-fence.ts';
import { markStopped } from '../../store/turns.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from '../delivery/known-entry.ts';
import { isOthers } from '../delivery/requester-threads.ts';
import { FORGET_ACTION } from '../receiving/incoming.ts';
import { type Told, tellAlone } from './tell-alone.ts';

const NOTHING = 'There is nothing to forget: I have not worked in this thread.';
const ANOTHERS = 'In this thread I work in the name of another person, who alone can have it forgotten.';
const ONLY_MEMBERS = 'Only members of this workspace can have a thread forgotten.';
const BEFORE = 'This thread is forgotten already.';
const NOT_BEGUN = ' What waited here is not begun.';
const ASK = [
  'Shall I forget this thread? Everybody here will see that you had it forgotten.',
  '• I stop what I am doing here, and no longer know what was said and done in this thread.',
  '• What was attached here and my files in the sandbox are removed: when my sandbox is put away, and before I work here again at the latest. Nobody can bring them back.',
  '• What stands in Slack stays there, also what I have posted. I read it again only when somebody asks me to, or with `!restart`. Delete there what nobody should read.',
  '• The record stays: messages, steps and requests are kept for the operators until their time is over. How long that is, an administrator has set.',
  'To keep the files and have me read the thread anew, write `!restart` instead.',
].join('\n');

/** The answer to `forget`: what it would do, with the button that does it. Nothing is forgotten by the word alone. */
export async function askToForget(db: Queryable, known: KnownEntry): Promise<Told> {
  const { session } = known;
  const found = await findSession(db, session);
  const why = whyNot(found, known);
  return why === null ? { text: ASK, buttons: [forgetButton(session)], onlyThere: true } : { text: why };
}

/** Ends the work of a thread as a stop does, and has the thread forgotten. The thread is told who wanted it, because it is everybody's. */
export async function forgetSession(
  dependencies: DeliveryDependencies,
  known: KnownEntry,
  stepAside: () => void,
): Promise<void> {
  const { database, signals } = dependencies;
  const { row, session, author } = known;
  const found = await findSession(database, session);
  const why = whyNot(found, known);
  let wasStopped = false;
  if (why === null) {
    await overtakeByStop(database, row);
    wasStopped = await signals.stop(session, { inboxId: row.id, by: row.author });
    stepAside();
  }
  const read = await readEntry(dependencies, known);
  await inTransaction(database, async (db) => {
    // Before the row, as everywhere. It may have become somebody's meanwhile.
    const whyNow = why ?? whyNot(await lockSession(db, session), known);
    if (!(await closeEntry(db, row.id, 'answered', read))) return;
    if (whyNow !== null) return tellAlone(db, row, `${row.id}/forget`, { text: whyNow });
    const marked = wasStopped ? 0 : await markStopped(db, session, row.id);
    const { isNew, hasWaiting } = await forgetThread(db, session, row.id);
    const isLeft = hasWaiting || marked > 0 || (await hasOvertaken(db, row));
    if (!isNew && !isLeft) return tellAlone(db, row, `${row.id}/forget`, { text: BEFORE });
    const { team, channel, threadTs } = row;
    const text = `${forgottenText(author.name)}${isLeft ? NOT_BEGUN : ''}`;
    const body = { kind: 'notice', text, for: row.author } as const;
    await putMessage(db, { key: `${row.id}/forgotten`, team, channel, threadTs, body, final: true });
  });
}

function whyNot(
  found: { readonly owner: string | null } | null,
  known: Pick<KnownEntry, 'row' | 'author'>,
): string | null {
  if (!found) return NOTHING;
  if (known.author.class !== 'member') return ONLY_MEMBERS;
  return isOthers(found.owner, known) ? ANOTHERS : null;
}

function forgottenText(name: string): string {
  return `${name} had me forget this thread: I no longer know what was said and done here, and the files I had here are removed. What stands in Slack stays, and so does the operators' record until its time is over.`;
}

function forgetButton(session: SessionId): MessageButton {
  return { action: FORGET_ACTION, value: session, text: 'Forget this thread' };
}
