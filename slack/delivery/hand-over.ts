import { inTransaction } from '../../store/database.ts';
import { isThreadGone } from '../../store/deletions.ts';
import { deleteFetched, isForgotten } from '../../store/forget-thread.ts';
import { type AcceptedEntry, acceptEntry, closeEntry, markSignalled } from '../../store/inbox.ts';
import { putMessage, putReaction, putStatus, withdrawMessage } from '../../store/outbox.ts';
import { ensureSession, findSession, hasSession } from '../../store/sessions.ts';
import { lockSession } from '../../store/turn-fence.ts';
import { permalinkOf } from '../api/identity.ts';
import { endMute } from '../commands/mute.ts';
import { inGoneThread } from './gone-threads.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from './known-entry.ts';
import { lateNoticeKey, notTakenText } from './notices.ts';
import { actingAs, heldBack, isOthers } from './requester-threads.ts';

/**
 * Reads the thread so far when the agent is called into one, lets the agent read the entry, then tells its session. The
 * order matters: a session that looks between the last two steps finds the entry, and a signal that was lost in between
 * is given again, since only the signal makes the row delivered for good.
 *
 * Whose the session is, is judged once more under its lock:
 * 1. The entry was judged while its thread had no session, or nobody's.
 * 2. While its files are fetched, the thread becomes another person's.
 * 3. If it were accepted now, no turn might ever read it, and its author would hear nothing.
 * Therefore it is held back then, as if it had come later. The same holds for a thread whose first message was deleted meanwhile, or that was
 * forgotten.
 *
 * @param stepAside what comes next may take long: the place in the work loop is free for others
 */
export async function handOver(
  dependencies: DeliveryDependencies,
  known: KnownEntry,
  stepAside: () => void,
): Promise<void> {
  const { database, identity, fetchFiles } = dependencies;
  const { row, session, scope } = known;
  const acting = await actingAs(dependencies, known);
  if (row.address === 'mention' && row.threadTs !== row.ts && !(await hasSession(database, session))) {
    stepAside();
    await dependencies.joinThread(row, session, acting.owner);
  }
  let { files } = row;
  if (files.length > 0) {
    stepAside();
    files = await fetchFiles(session, files);
  }
  const accepted = { ...(await readEntry(dependencies, known)), files };
  const permalink = permalinkOf(identity, row.channel, row.threadTs);
  const outcome = await inTransaction(database, async (db) => {
    if (!(await acceptEntry(db, row.id, accepted))) return 'overtaken';
    await ensureSession(db, { id: session, scope, ...acting, permalink });
    if (isOthers((await lockSession(db, session))?.owner ?? null, known)) throw new TooLate('anothers');
    if (await isThreadGone(db, session)) throw new TooLate('gone');
    if (await isForgotten(db, row)) throw new TooLate('forgotten');
    const text = notTakenText(files);
    const target = { key: `${row.id}/files`, team: row.team, channel: row.channel, threadTs: row.threadTs };
    if (text !== null)
      await putMessage(db, { ...target, body: { kind: 'notice', text, for: row.author }, final: true });
    if (row.address === 'mention') await endMute(db, session, known.author.name);
    return 'accepted';
  }).catch((error: unknown) => {
    if (error instanceof TooLate) return error.why;
    throw error;
  });
  if (outcome === 'accepted') await signalSession(dependencies, known);
  else if (outcome === 'anothers') await heldBack(dependencies, known);
  else if (outcome === 'gone') await inGoneThread(dependencies, known);
  else await closeOvertaken(dependencies, known, accepted);
}

/** A stop has overtaken it meanwhile. Where that had the thread forgotten, it is forgotten as well, with its files. */
async function closeOvertaken(
  { database }: DeliveryDependencies,
  { row, session }: KnownEntry,
  accepted: AcceptedEntry,
): Promise<void> {
  await inTransaction(database, async (db) => {
    await lockSession(db, session);
    const isOver = await isForgotten(db, row);
    await closeEntry(db, row.id, isOver ? 'answered' : 'context', accepted);
    if (isOver) await deleteFetched(db, session, accepted.files);
  });
}

/** Undoes the acceptance of an entry. */
class TooLate extends Error {
  readonly why: 'anothers' | 'gone' | 'forgotten';
  constructor(why: TooLate['why']) {
    super(why);
    this.why = why;
  }
}

/** Signals the session, starting its workflow where none is open; the reaction says that Temporal has taken it. */
export async function signalSession(
  { database, signals, identity }: DeliveryDependencies,
  known: KnownEntry,
): Promise<void> {
  const { row, session, scope } = known;
  const message = { inboxId: row.id };
  const isOwned = row.address !== 'dm' && (await findSession(database, session))?.principal.startsWith('person:');
  const open = row.address === 'thread' && (await signals.message(session, message));
  if (!open) {
    const start = {
      session,
      team: row.team,
      channel: row.channel,
      scope,
      requester: row.confirmedBy ?? row.author,
      permalink: permalinkOf(identity, row.channel, row.threadTs),
      summary: `${known.place} · ${isOwned ? 'as ' : ''}${known.author.name}`,
    };
    await signals.start(start, message);
  }
  const target = { team: row.team, channel: row.channel, threadTs: row.threadTs };
  await inTransaction(database, async (db) => {
    await markSignalled(db, row.id, session);
    await withdrawMessage(db, lateNoticeKey(row));
    if (row.kind === 'schedule') return;
    await putReaction(db, { ...target, key: `${row.id}/reaction`, body: { ts: row.ts, name: 'eyes' } });
    const status = isOwned ? 'is getting to work in your name…' : 'is getting to work…';
    await putStatus(db, { ...target, key: `${row.id}/status`, body: { status } });
  });
}
