import { inTransaction } from '../../store/database.ts';
import { isThreadGone } from '../../store/deletions.ts';
import { closeEntry } from '../../store/inbox.ts';
import { putEphemeral } from '../../store/outbox.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from './known-entry.ts';

const ENDED =
  'The first message of that thread was deleted, so my work there has ended. Mention me in a new message to begin anew.';

/**
 * Ends an entry of a thread whose first message was deleted: nothing is begun there any more. A person who has asked for something is told so
 * once, beside the thread and not in it.
 * @returns true when the entry was of such a thread, so that nothing else is done with it
 */
export async function inGoneThread(dependencies: DeliveryDependencies, known: KnownEntry): Promise<boolean> {
  const { database } = dependencies;
  const { row, session, refusal } = known;
  if (row.kind === 'stop' || !(await isThreadGone(database, session))) return false;
  const read = await readEntry(dependencies, known);
  await inTransaction(database, async (db) => {
    if (!(await closeEntry(db, row.id, 'refused', read))) return;
    if (refusal !== null || row.kind !== 'message' || row.address === 'thread') return;
    const place = { team: row.team, channel: row.channel, threadTs: null };
    await putEphemeral(db, { ...place, key: `gone/${session}/${row.author}`, body: { user: row.author, text: ENDED } });
  });
  return true;
}
