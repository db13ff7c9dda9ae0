import { closeEntry, keepEdit, stateOfEdited } from '../../store/inbox.ts';
import { findSession } from '../../store/sessions.ts';
import { TryAgain } from '../api/errors.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from './known-entry.ts';
import { readableText } from './plain-text.ts';
import { isOthers } from './requester-threads.ts';

/**
 * Lets the agent read that somebody has changed what they wrote, where it may read that message itself. Nothing is begun by it: a turn that
 * runs reads it with its next model call, and otherwise the next turn does. In a thread that works in another person's name it is read by
 * no model (receiving/note-doings.ts keeps that it happened).
 */
export async function deliverEdit(dependencies: DeliveryDependencies, known: KnownEntry): Promise<void> {
  const { database, identity } = dependencies;
  const { row, session, author } = known;
  const [edited, found] = await Promise.all([stateOfEdited(database, row), findSession(database, session)]);
  if (edited === 'received') throw new TryAgain('the message that was changed goes first');
  const isRead = edited === 'delivered' || edited === 'context';
  if (!isRead || known.refusal !== null || isOthers(found?.owner ?? null, known)) {
    await closeEntry(database, row.id, 'refused', { authorClass: author.class, text: '' });
    return;
  }
  const before = await readableText(database, identity, row.before ?? '');
  await keepEdit(database, row.id, { ...(await readEntry(dependencies, known)), before });
}
