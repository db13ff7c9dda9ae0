import { inTransaction } from '../../store/database.ts';
import { closeEntry } from '../../store/inbox.ts';
import { putMessage, putReaction } from '../../store/outbox.ts';
import type { Refusal } from '../people/who-may-speak.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from './known-entry.ts';
import { REFUSALS } from './notices.ts';

/** Refusals that say something about the place, whoever speaks there. */
const OF_PLACE: ReadonlySet<Refusal> = new Set<Refusal>(['group-dm', 'disabled']);

/**
 * Refuses in words, once for each thread and person, or once for the place where it is the place; after that a place
 * shows a sign only. An untagged message has asked for nothing: it is kept as context with its author's class.
 */
export async function refuseEntry(
  dependencies: DeliveryDependencies,
  known: KnownEntry,
  refusal: Refusal,
): Promise<void> {
  const { database } = dependencies;
  const { row, session } = known;
  const read = await readEntry(dependencies, known);
  if (row.address === 'thread') return closeEntry(database, row.id, 'context', read);
  const ofPlace = OF_PLACE.has(refusal);
  const key = ofPlace ? `refusal/${refusal}/${row.team}/${row.channel}` : `refusal/${session}/${row.author}`;
  const target = { key, team: row.team, channel: row.channel, threadTs: row.threadTs };
  await inTransaction(database, async (db) => {
    const first = await putMessage(db, { ...target, body: { kind: 'notice', text: REFUSALS[refusal] }, final: true });
    if (!first && ofPlace) {
      await putReaction(db, { ...target, key: `${row.id}/refused`, body: { ts: row.ts, name: 'no_entry_sign' } });
    }
    await closeEntry(db, row.id, 'refused', read);
  });
}
