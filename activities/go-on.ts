import type { FailureType } from '../contracts/failures.ts';
import { FAILURES } from '../contracts/failures.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { type Heard, howHeard } from '../store/how-heard.ts';

/** How people go on in a thread whose turn has ended: with a mention only where nothing else is heard. */
export function goOnText(heard: Heard): string {
  switch (heard) {
    case 'direct':
    case 'everyone':
      return 'Write here to go on.';
    case 'requester':
      return 'Write here to go on. If you have not mentioned me in this thread before, mention me once.';
    case 'mentions':
      return 'Mention me to go on.';
  }
}

/** How they say something of their own: `write "go on" here`, without a mark at its end. */
export function sayText(heard: Heard, what: string): string {
  const mention = `mention me with ${what}`;
  if (heard === 'mentions') return mention;
  const write = `write ${what} here`;
  return heard === 'requester' ? `${write}, or ${mention} if you have not mentioned me in this thread yet` : write;
}

/** What a thread is told of a failure, with how to go on where that helps. */
export async function failureText(db: Queryable, session: SessionId, type: FailureType): Promise<string> {
  const { thread, canGoOn } = FAILURES[type];
  return canGoOn ? `${thread} ${goOnText(await howHeard(db, session))}` : thread;
}
