import { failureOf, isTokenRefused } from '../api/errors.ts';
import { nextCursor } from '../api/fields.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';

/** A direct message conversation of one person with the app. */
export interface OpenDm {
  readonly channel: string;
  readonly openedAt: Date;
}

export interface ListDmsOptions {
  readonly calls: PacedCalls;
  readonly signal: AbortSignal;
  readonly log: { warn(fields: object, message: string): void };
}

/** The fields we read of a conversation object of the kind `im` (docs.slack.dev, "Conversation object"). */
interface SlackIm {
  readonly id?: string;
  /** Unix time in seconds. */
  readonly created?: number;
  readonly user?: string;
  readonly is_user_deleted?: boolean;
}

const SLACKBOT = 'USLACKBOT';
/** Slack's own limit. Ten thousand DMs are ten calls, within one burst of the rate limit. */
const PAGE = 999;
/** A list that never ends must not hold a catch-up for ever. */
const MAX_PAGES = 50;
/** The part of the rate limit that is left to everybody else. */
const SPARE = 0.3;
/**
 * Slack does not say when somebody last wrote in a DM. A DM that was opened before the gap and in which nobody wrote
 * lately can only be read to find out. Reading this many takes half a minute at Slack's rate limit.
 */
const MOST_QUIET = 20;

/**
 * Lists the app's DMs. Waits for rate limits. Leaves out DMs in which nobody can ask for anything: those with Slackbot
 * and with people whose account has ended.
 *
 * @returns nothing, with a warning, when Slack refuses the list: the channels must be read all the same
 * @throws when Slack fails or refuses the token
 */
export async function listDms({ calls, signal, log }: ListDmsOptions): Promise<OpenDm[]> {
  const found: OpenDm[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const asked = { types: 'im', limit: PAGE, ...(cursor ? { cursor } : {}) };
    let answer: Record<string, unknown>;
    try {
      answer = await patiently(() => calls.call('conversations.list', asked, SPARE), signal);
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind !== 'refused' || isTokenRefused(failure)) throw error;
      log.warn({ code: failure.code }, 'Slack does not list our direct messages; new ones are not caught up with');
      return found;
    }
    for (const { id, created, user, is_user_deleted } of (answer.channels ?? []) as SlackIm[]) {
      if (id && user !== SLACKBOT && !is_user_deleted) {
        found.push({ channel: id, openedAt: new Date((created ?? 0) * 1_000) });
      }
    }
    cursor = nextCursor(answer);
    if (!cursor) break;
  }
  return found;
}

/**
 * Chooses the DMs that may hold a first message nobody was sent: every DM opened since `since`, and of the older ones
 * that are not in `known` the 20 that were opened last.
 *
 * @param known DMs that are read anyway
 * @returns newest first
 */
export function dmsWithFirstMessages(dms: readonly OpenDm[], known: ReadonlySet<string>, since: Date): OpenDm[] {
  // Slack tells the second in which a DM was opened, not the millisecond.
  const from = Math.floor(since.getTime() / 1_000) * 1_000;
  const newestFirst = dms
    .filter(({ channel }) => !known.has(channel))
    .toSorted((a, b) => b.openedAt.getTime() - a.openedAt.getTime());
  const opened = newestFirst.filter(({ openedAt }) => openedAt.getTime() >= from);
  return newestFirst.slice(0, opened.length + MOST_QUIET);
}
