import { failureOf } from '../api/errors.ts';
import { nextCursor } from '../api/fields.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import type { SlackConversation } from '../people/directory-shapes.ts';
import { SPARE } from './read-thread.ts';

export interface JoinedChannels {
  readonly channels: readonly SlackConversation[];
  /** False when the app is in more than these. */
  readonly isWhole: boolean;
}

const PAGE = 200;
/** A thousand channels. */
const MAX_PAGES = 5;

/**
 * Channels that the app is in and that are not archived. A limit of Slack ends the reading after the first page; the first one may fail, since
 * nothing is lost by trying anew.
 */
export async function joinedChannels(
  calls: PacedCalls,
  types: 'public_channel' | 'private_channel',
): Promise<JoinedChannels> {
  const channels: SlackConversation[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const asked = { types, exclude_archived: true, limit: PAGE, ...(cursor && { cursor }) };
    try {
      const answer = await calls.call('users.conversations', asked, SPARE);
      channels.push(...((answer.channels ?? []) as SlackConversation[]));
      cursor = nextCursor(answer);
    } catch (error) {
      if (page === 0 || failureOf(error).kind !== 'limited') throw error;
      return { channels, isWhole: false };
    }
    if (!cursor) return { channels, isWhole: true };
  }
  return { channels, isWhole: false };
}
