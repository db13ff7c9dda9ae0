import { setTimeout as delay } from 'node:timers/promises';
import type { NotAllowed, Reader, Removed } from '../../contracts/slack-reading.ts';
import type { Database } from '../../store/database.ts';
import { ownPost, removalOf, removePost } from '../../store/own-posts.ts';
import { inTurn } from '../../store/turn-fence.ts';
import { getTurn } from '../../store/turns.ts';
import { linkedMessage } from './read-channel.ts';

export interface RemovalWish {
  /** Absent: the newest answer in the thread. */
  readonly link?: string | undefined;
  /** The call. A repeated one finds what it has removed, and removes nothing more. */
  readonly by: string;
}

const WAIT_MS = 15_000;
const LOOK_EVERY_MS = 250;

const NO_LINK = 'That is no link to a message. It has the form https://….slack.com/archives/C…/p….';
const NOT_MINE =
  'I delete only answers and posts that I have written in this thread or from it, and I know of none there. A file is no message of mine; who may delete it does that in Slack.';
const NOBODY_ASKED = 'Nobody has asked for it: this is the turn of a schedule. A person can ask for it in this thread.';
/** Stands in the message where Slack lets nobody delete. */
const WORDS =
  'I was asked to delete this message. Slack lets nobody delete messages here, so I have taken its text out.';

/**
 * Takes a message of the session out of Slack, with all parts of a long answer. The outbox does it, as everything else that people see: it has
 * the tokens and the repetitions. It is asked for while the turn runs, so a late attempt removes nothing.
 */
export async function removeOwnPost(
  { db }: { readonly db: Database },
  reader: Reader,
  { link, by }: RemovalWish,
  signal: AbortSignal,
): Promise<Removed | NotAllowed> {
  const { session } = reader;
  const { requester } = await getTurn(db, session, reader.turn);
  if (requester.includes(':')) return { refused: NOBODY_ASKED };
  const at = link === undefined ? null : linkedMessage(link);
  if (at === null && link !== undefined) return { refused: NO_LINK };
  const key = await inTurn(db, reader, async (tx) => {
    const found = await ownPost(tx, { session, by }, at);
    if (found !== null) await removePost(tx, found, { session, by, words: WORDS });
    return found;
  });
  if (key === null) return { refused: NOT_MINE };
  for (let waited = 0; ; waited += LOOK_EVERY_MS) {
    const { gone, waiting, kept, refused } = await removalOf(db, key);
    if (waiting === 0 && refused !== null) return { failed: refused };
    if (waiting === 0) return kept > 0 ? { kept: true } : { messages: gone };
    if (waited >= WAIT_MS) return { slow: true };
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}
