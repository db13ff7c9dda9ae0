import type { SessionId } from '../../contracts/ids.ts';
import { inTransaction } from '../../store/database.ts';
import { closeEntry, type InboxRow } from '../../store/inbox.ts';
import { putMessage, putReaction } from '../../store/outbox.ts';
import { cameLate, overtakeByStop } from '../../store/stops.ts';
import { type ThreadStatus, threadStatus } from '../../store/thread-status.ts';
import { markStopped } from '../../store/turns.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { Refusal } from '../people/who-may-speak.ts';
import { commandOf } from '../receiving/commands.ts';
import { elapsed } from '../rendering/elapsed.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from './known-entry.ts';
import { helpText, LATE_STOP, NOTHING_TO_STOP, REFUSALS } from './notices.ts';

/** What the gateway answers itself, from PostgreSQL alone; null for everything that is the agent's. */
export function ownCommandOf(identity: SlackIdentity, row: InboxRow): 'status' | 'help' | null {
  if (row.kind !== 'message' || row.address === 'thread' || row.files.length > 0) return null;
  const command = commandOf(row.text, identity.botUser);
  // A bare mention in a thread says "look at this"; on its own it asks what we are.
  if (command === 'help' && row.threadTs !== row.ts && !/help/i.test(row.text)) return null;
  return command === 'stop' ? null : command;
}

/** Answers `status` and `help` by itself: neither begins a turn. */
export async function answerCommand(
  dependencies: DeliveryDependencies,
  known: KnownEntry,
  command: 'status' | 'help',
): Promise<void> {
  const { database, identity, now } = dependencies;
  const { row } = known;
  const text =
    command === 'help'
      ? helpText(identity.botName, row.address === 'dm')
      : statusText(await threadStatus(database, row.session), now());
  const read = await readEntry(dependencies, known);
  await inTransaction(database, async (db) => {
    const target = { key: `${row.id}/${command}`, team: row.team, channel: row.channel, threadTs: row.threadTs };
    await putMessage(db, { ...target, body: { kind: 'notice', text }, final: true });
    await closeEntry(db, row.id, 'answered', read);
  });
}

/** Tells the session to stop, and the thread when there is nothing to stop. */
export async function stopSession(dependencies: DeliveryDependencies, known: KnownEntry): Promise<void> {
  const { database, signals } = dependencies;
  const { row, session } = known;
  const target = { team: row.team, channel: row.channel, threadTs: row.threadTs };
  const isWord = row.address !== 'button' && row.address !== 'deletion';
  if (isWord && (await cameLate(database, row))) {
    const read = await readEntry(dependencies, known);
    await inTransaction(database, async (db) => {
      if (!(await closeEntry(db, row.id, 'context', read))) return;
      const body = { kind: 'notice', text: LATE_STOP } as const;
      await putMessage(db, { ...target, key: `${row.id}/late-stop`, body, final: true });
    });
    return;
  }
  await overtakeByStop(database, row);
  const running = await signals.stop(session, { inboxId: row.id, by: row.author });
  const read = await readEntry(dependencies, known);
  await inTransaction(database, async (db) => {
    // What waited before the stop is not begun after it, also where its workflow was lost.
    if (!running) await markStopped(db, row.session, row.id);
    if (!(await closeEntry(db, row.id, 'answered', read))) return;
    if (!running) {
      // People say the word to each other too. After a deletion there is nobody to tell.
      if (row.address === 'thread' || row.address === 'deletion') return;
      const body = { kind: 'notice', text: NOTHING_TO_STOP } as const;
      await putMessage(db, { ...target, key: `${row.id}/nothing-to-stop`, body, final: true });
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
 * Refuses in words: once for each person in a thread, once a day for a bot in a channel, or once for the whole place where it is the
 * place. After that it shows a sign only. An untagged message has asked for nothing: it is kept as context with its author's class.
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
    // Another attempt may have handed the entry over meanwhile. Then nothing is refused any more.
    if (!(await closeEntry(db, row.id, 'refused', read))) return;
    const first = await putMessage(db, { ...target, body: { kind: 'notice', text: REFUSALS[refusal] }, final: true });
    // Not even a sign for a bot: one that answers to everything would go on and on.
    if (!first && refusal !== 'bot') {
      const sign = { ...target, key: `${row.id}/refused`, body: { ts: row.ts, name: 'no_entry_sign' } };
      await putReaction(db, sign, ONLY_SIGN_LIFE_MS);
    }
  });
}

/** What is said once: for a place, for a bot in a channel on one day, or for a person in a thread. */
function refusalKey(refusal: Refusal, { team, channel, author }: InboxRow, session: SessionId, now: Date): string {
  if (OF_PLACE.has(refusal)) return `refusal/${refusal}/${team}/${channel}`;
  if (refusal === 'bot') return `bot-refusal/${team}/${channel}/${author}/${now.toISOString().slice(0, 10)}`;
  return `refusal/${session}/${author}`;
}

/** The answer to `@bellhop status`. */
function statusText(status: ThreadStatus | null, now: Date): string {
  if (!status) return 'I am not working in this thread. Mention me with what you want done.';
  const lines = [workLine(status, now)];
  if (status.waiting > 0)
    lines.push(`${status.waiting} ${status.waiting === 1 ? 'message waits' : 'messages wait'} for me.`);
  if (status.model !== null) lines.push(`The model ${status.model} was chosen for this thread.`);
  return lines.join('\n');
}

function workLine({ state, turn, step }: ThreadStatus, now: Date): string {
  if (turn) {
    const since = elapsed(now.getTime() - turn.startedAt.getTime());
    const what = step
      ? `step ${step.number}, ${step.kind === 'tool' ? `tool ${step.tool}` : 'thinking'}`
      : 'getting ready';
    return `Working on turn ${turn.number} for ${since}: ${what}.`;
  }
  switch (state) {
    case 'closed':
      return 'Resting; my sandbox here is put away, my files are kept. A new message wakes me.';
    case 'paused':
      return 'Resting; my sandbox here is paused. A new message wakes me.';
    default:
      return 'Nothing is running here. A new message starts the next turn.';
  }
}
