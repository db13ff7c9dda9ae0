import { nextCursor } from '../api/fields.ts';
import type { PacedCalls } from '../api/paced-calls.ts';

/** `event_type` in the metadata of every message we post; `event_payload.mark` is the row's mark. */
export const METADATA_TYPE = 'bellhop_message';

export interface PostedPlace {
  readonly channel: string;
  /** Null where the message opened a thread of its own. */
  readonly threadTs: string | null;
  /** The message cannot be older than its row. */
  readonly since: Date;
}

interface PostedMessage {
  ts?: string;
  bot_id?: string;
  metadata?: { event_type?: string; event_payload?: { mark?: string } };
  files?: { id?: string }[];
}

/** Slack's clock and ours may differ by this much. */
const CLOCK_SLACK_S = 120;
const MAX_PAGES = 20;

/** The `ts` of our own message if Slack has it, else null. It tells an attempt what became of the one before. */
export async function findPosted(calls: PacedCalls, place: PostedPlace, mark: string): Promise<string | null> {
  return findMessage(
    calls,
    place,
    (message) => message.metadata?.event_type === METADATA_TYPE && message.metadata.event_payload?.mark === mark,
  );
}

/**
 * The `ts` of every message of an app in the thread that has no mark and is younger than the row, newest first. People's messages have no
 * `bot_id`.
 */
export async function findUnmarked(calls: PacedCalls, place: PostedPlace): Promise<string[]> {
  const found: string[] = [];
  const oldest = place.since.getTime() / 1_000 - CLOCK_SLACK_S;
  await findMessage(calls, place, ({ ts, bot_id, metadata, files }) => {
    const isUnmarked = bot_id !== undefined && metadata?.event_type !== METADATA_TYPE && files === undefined;
    if (isUnmarked && ts !== undefined && Number(ts) > oldest) found.unshift(ts);
    return false;
  });
  return found;
}

/** The `ts` of the message that shares a file of ours in its thread, else null. */
export async function findShared(calls: PacedCalls, place: PostedPlace, file: string): Promise<string | null> {
  return findMessage(calls, place, (message) => message.files?.some((shared) => shared.id === file) ?? false);
}

async function findMessage(
  calls: PacedCalls,
  place: PostedPlace,
  isOurs: (message: PostedMessage) => boolean,
): Promise<string | null> {
  const method = place.threadTs ? 'conversations.replies' : 'conversations.history';
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await calls.call(method, {
      channel: place.channel,
      ...(place.threadTs ? { ts: place.threadTs } : {}),
      oldest: String(Math.floor(place.since.getTime() / 1_000) - CLOCK_SLACK_S),
      include_all_metadata: true,
      limit: 200,
      ...(cursor ? { cursor } : {}),
    });
    const found = ((answer.messages ?? []) as PostedMessage[]).find(isOurs);
    if (found?.ts) return found.ts;
    cursor = nextCursor(answer);
    if (!cursor) return null;
  }
  return null;
}
