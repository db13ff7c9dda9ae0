import { type Channel, findChannel, forgetChannel, saveChannel } from '../../store/channels.ts';
import type { Queryable } from '../../store/database.ts';
import { findPerson, forgetPerson, type Person, savePerson } from '../../store/people.ts';
import { failureOf, isTokenRefused, LookupUnavailable } from '../api/errors.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';
import { channelOf, personOf, type SlackConversation, type SlackUser } from './directory-shapes.ts';

/** Who somebody is and what a channel is. What Slack does not know is null; when Slack is away they throw. */
export interface Directory {
  person(user: string): Promise<Omit<Person, 'seenAt'> | null>;
  channel(channel: string): Promise<Omit<Channel, 'seenAt'> | null>;
  forgetPerson(user: string): Promise<void>;
  forgetChannel(channel: string): Promise<void>;
  /** Reads all channels the bot can see, as fast as Slack lets us, and returns the ids of those it is in. */
  sync(signal: AbortSignal): Promise<string[]>;
}

export interface DirectoryOptions {
  readonly db: Queryable;
  readonly calls: PacedCalls;
  readonly identity: SlackIdentity;
  readonly now?: () => Date;
}

/** How long an answer that lets somebody speak is believed. Events of Slack shorten it. */
const ALLOWED_LIFE_MS = 10 * 60_000;
/** A refusal may be a mistake that an administrator has just corrected. */
const REFUSED_LIFE_MS = 60_000;
const MAX_PAGES = 50;

/**
 * Answers are kept for some minutes; a refusal is asked again sooner, for an administrator may just have corrected
 * it.
 */
export function createDirectory({ db, calls, identity, now = () => new Date() }: DirectoryOptions): Directory {
  const fresh = (seenAt: Date, allowed: boolean): boolean =>
    now().getTime() - seenAt.getTime() < (allowed ? ALLOWED_LIFE_MS : REFUSED_LIFE_MS);

  return {
    async person(user) {
      const known = await findPerson(db, identity.team, user);
      if (known && fresh(known.seenAt, known.class === 'member')) return known;
      const answer = await lookUp(calls, 'users.info', { user });
      if (!answer) return null;
      const person = personOf((answer.user ?? {}) as SlackUser, user, identity);
      await savePerson(db, person);
      return person;
    },

    async channel(id) {
      const known = await findChannel(db, identity.team, id);
      if (known && fresh(known.seenAt, !known.external)) return known;
      const answer = await lookUp(calls, 'conversations.info', { channel: id });
      if (!answer) return null;
      const channel = channelOf((answer.channel ?? {}) as SlackConversation, id, identity);
      await saveChannel(db, channel);
      return channel;
    },

    forgetPerson: (user) => forgetPerson(db, identity.team, user),
    forgetChannel: (channel) => forgetChannel(db, identity.team, channel),

    async sync(signal) {
      const joined: string[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const asked = {
          types: 'public_channel,private_channel',
          exclude_archived: true,
          limit: 200,
          ...(cursor ? { cursor } : {}),
        };
        const answer = await patiently(() => calls.call('conversations.list', asked), signal);
        for (const found of (answer.channels ?? []) as SlackConversation[]) {
          if (!found.id) continue;
          await saveChannel(db, channelOf(found, found.id, identity));
          if (found.is_member) joined.push(found.id);
        }
        cursor = (answer.response_metadata as { next_cursor?: string } | undefined)?.next_cursor;
        if (!cursor) break;
      }
      return joined;
    },
  };
}

/**
 * Null when Slack says no: what cannot be looked up is refused. No answer is not a no, and a refusal of ourselves says
 * nothing about anybody.
 */
async function lookUp(
  calls: PacedCalls,
  method: string,
  args: Record<string, unknown>,
): Promise<Record<string, unknown> | null> {
  try {
    return await calls.call(method, args);
  } catch (error) {
    const failure = failureOf(error);
    if (isTokenRefused(failure)) throw error;
    if (failure.kind === 'refused') return null;
    throw new LookupUnavailable(`${method}: ${failure.kind === 'limited' ? 'rate limited' : failure.reason}`);
  }
}
