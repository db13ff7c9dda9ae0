import { listChannels } from '../../store/channels.ts';
import { type FoundThread, findThread } from '../../store/find-thread.ts';
import { findWork } from '../../store/find-work.ts';
import type { CliContext } from '../context.ts';
import { messageRef } from './message-ref.ts';
import { workRef } from './work-ref.ts';

/**
 * Finds the thread of a message, or of a pull request or branch that was made in it.
 *
 * @throws Error when Bellhop knows no such message or work
 */
export async function findMessage(
  { database }: Pick<CliContext, 'database'>,
  where: string,
  ts: string | undefined,
): Promise<FoundThread> {
  const work = workRef(where, ts);
  const session = work ? await findWork(database, work) : null;
  if (work && !session) throw new Error(`nothing is known of work on ${where}${ts === undefined ? '' : ` ${ts}`}`);
  const message = messageRef(session ?? where, session ? undefined : ts, await listChannels(database));
  const found = await findThread(database, message);
  if (!found) throw new Error(`nothing is known of a message ${message.ts} in ${message.channel}`);
  return found;
}
