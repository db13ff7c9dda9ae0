import type { SessionId } from '../../contracts/ids.ts';
import { inTransaction } from '../../store/database.ts';
import { closeEntry, type InboxRow } from '../../store/inbox.ts';
import { putMessage, putReaction } from '../../store/outbox.ts';
import { hasSession } from '../../store/sessions.ts';
import { cameLate, hasOvertaken, overtakeByStop } from '../../store/stops.ts';
import { markStopped } from '../../store/turns.ts';
import { tellAlone } from '../commands/tell-alone.ts';
import type { Refusal } from '../people/who-may-speak.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from './known-entry.ts';
import { LATE_STOP, NOTHING_BEGINS, NOTHING_TO_STOP, REFUSALS } from './notices.ts';

/** Tells the session to stop. Where that ends work, the thread sees it; else only who wrote it is told. */
export async function stopSession(dependencies: DeliveryDependencies, known: KnownEntry): Promise<void> {
  const { database, signals } = dependencies;
  const { row, session } = known;
  const target = { team: row.team, channel: row.channel, threadTs: row.threadTs };
  const isWord = row.address !== 'button' && row.address !== 'deletion';
  if (isWord && (await cameLate(database, row))) {
    const read = await readEntry(dependencies, known);
    await inTransaction(database, async (db) => {
      if (!(await closeEntry(db, row.id, 'context', read))) return;
      await tellAlone(db, row, `${row.id}/late-stop`, { text: LATE_STOP });
    });
    return;
  }
  await overtakeByStop(database, row);
  const running = await signals.stop(session, { inboxId: row.id, by: row.author });
  const read = await readEntry(dependencies, known);
  await inTransaction(database, async (db) => {
    // What waited before the stop is not begun after it, also where its workflow was lost.
    const marked = running ? 0 : await markStopped(db, row.session, row.id);
    if (!(await closeEntry(db, row.id, 'answered', read))) return;
    // After a deletion there is nobody to tell.
    if (!running && row.address === 'deletion') return;
    if (!running && (marked > 0 || (await hasOvertaken(db, row)))) {
      // What others have asked for is not begun, so everybody sees it.
      const body = { kind: 'notice', text: NOTHING_BEGINS, for: row.author } as const;
      await putMessage(db, { ...target, key: `${row.id}/nothing-begins`, body, final: true });
    } else if (!running) {
      // People say the word to each other too.
      if (row.address === 'thread') return;
      await tellAlone(db, row, `${row.id}/nothing-to-stop`, { text: NOTHING_TO_STOP });
    } else if (isWord) {
      await putReaction(db, { ...target, key: `${row.id}/reaction`, body: { ts: row.ts, name: 'octagonal_sign' } });
    }
  });
}

/** The person gets no other sign than this reaction, so it may wait for Slack's limits for longer. */
const ONLY_SIGN_LIFE_MS = 600_000;
/** Refusals that are about the place and not about the person. */
const OF_PLACE: ReadonlySet<Refusal> = new Set<Refusal>([
  'group-messages',
  'direct-messages',
  'disabled',
  'guests',
  'shared-channel',
]);

/**
 * Refuses in words, and after that by a sign. Words are said once for each person in a thread, and once a day for a bot in a channel. When the
 * reason is the place, they are said once for the whole place. Each person there also reads them alone, once a day, because who comes later
 * has not seen the words for all. An untagged message has asked for nothing: it is kept as context with its author's class.
 */
export async function refuseEntry(
  dependencies: DeliveryDependencies,
  known: KnownEntry,
  refusal: Refusal,
): Promise<void> {
  const { database } = dependencies;
  const { row, session } = known;
  const read = await readEntry(dependencies, known);
  if (row.address === 'thread') {
    await closeEntry(database, row.id, 'context', read);
    return;
  }
  const key = refusalKey(refusal, row, session, dependencies.now());
  const target = { key, team: row.team, channel: row.channel, threadTs: row.threadTs };
  await inTransaction(database, async (db) => {
    // In a thread that the agent is in, it reads what people see there. A place that is refused is not read.
    const isRead = row.kind === 'message' && !OF_PLACE.has(refusal) && (await hasSession(db, session));
    // Another attempt may have handed the entry over meanwhile. Then nothing is refused any more.
    if (!(await closeEntry(db, row.id, isRead ? 'context' : 'refused', read))) return;
    const first = await putMessage(db, { ...target, body: { kind: 'notice', text: REFUSALS[refusal] }, final: true });
    // Not even a sign for a bot: one that answers to everything would go on and on.
    if (!first && refusal !== 'bot') {
      // A press is no message that could get a sign.
      if (row.address === 'button') return tellAlone(db, row, pressKey(row, session), { text: REFUSALS[refusal] });
      const sign = { ...target, key: `${row.id}/refused`, body: { ts: row.ts, name: 'no_entry_sign' } };
      await putReaction(db, sign, ONLY_SIGN_LIFE_MS);
      if (OF_PLACE.has(refusal))
        await tellAlone(db, row, againKey(refusal, row, dependencies.now()), { text: REFUSALS[refusal] });
    }
  });
}

/** What one person is told of a refused place on one day. */
function againKey(refusal: Refusal, { team, channel, author }: InboxRow, now: Date): string {
  return `refusal/again/${refusal}/${team}/${channel}/${author}/${dayOf(now)}`;
}

/** Who presses again and again is answered once in ten seconds. */
function pressKey({ author, ts }: InboxRow, session: SessionId): string {
  return `refusal/press/${session}/${author}/${Math.floor(Number(ts) / 10)}`;
}

/** What is said once: for a place, for a bot in a channel on one day, or for a person in a thread. */
function refusalKey(refusal: Refusal, { team, channel, author }: InboxRow, session: SessionId, now: Date): string {
  if (OF_PLACE.has(refusal)) return `refusal/${refusal}/${team}/${channel}`;
  if (refusal === 'bot') return `bot-refusal/${team}/${channel}/${author}/${dayOf(now)}`;
  return `refusal/${session}/${author}`;
}

function dayOf(now: Date): string {
  return now.toISOString().slice(0, 10);
}
