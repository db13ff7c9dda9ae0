import { inTransaction } from '../../store/database.ts';
import { closeEntry, type InboxRow } from '../../store/inbox.ts';
import { putMessage, putReaction } from '../../store/outbox.ts';
import { overtakeByStop } from '../../store/stops.ts';
import { threadStatus } from '../../store/thread-status.ts';
import type { SlackIdentity } from '../api/identity.ts';
import { commandOf } from '../receiving/commands.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from './known-entry.ts';
import { helpText, NOTHING_TO_STOP } from './notices.ts';
import { statusText } from './status-answer.ts';

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
      ? helpText(identity.botName)
      : statusText(await threadStatus(database, row.team, row.channel, row.threadTs), now());
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
  await overtakeByStop(database, row);
  const running = await signals.stop(session, { inboxId: row.id, by: row.author });
  const read = await readEntry(dependencies, known);
  const target = { team: row.team, channel: row.channel, threadTs: row.threadTs, session };
  await inTransaction(database, async (db) => {
    if (!running) {
      const body = { kind: 'notice', text: NOTHING_TO_STOP } as const;
      await putMessage(db, { ...target, key: `${row.id}/nothing-to-stop`, body, final: true });
    } else if (row.address !== 'button') {
      await putReaction(db, { ...target, key: `${row.id}/reaction`, body: { ts: row.ts, name: 'octagonal_sign' } });
    }
    await closeEntry(db, row.id, 'answered', read);
  });
}
