import { listChannels } from '../../store/channels.ts';
import { type FoundThread, findThread } from '../../store/find-thread.ts';
import type { CliContext } from '../context.ts';
import { messageRef } from './message-ref.ts';

/**
 * The thread of the message that an operator points at.
 *
 * @throws Error when nothing is known of it
 */
export async function findMessage(
  { database }: Pick<CliContext, 'database'>,
  where: string,
  ts: string | undefined,
): Promise<FoundThread> {
  const message = messageRef(where, ts, await listChannels(database));
  const found = await findThread(database, message);
  if (!found) throw new Error(`nothing is known of a message ${message.ts} in ${message.channel}`);
  return found;
}
