import { within } from '../../contracts/within.ts';
import { type Channel, findChannel, forgetChannel, saveChannel } from '../../store/channels.ts';
import { databaseTime } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { isOutside } from '../../store/mixed-channels.ts';
import { findPerson, type Person, savePeople } from '../../store/people.ts';
import { failureOf, isTokenRefused, LookupUnavailable, TryAgain } from '../api/errors.ts';
import { nextCursor } from '../api/fields.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';
import { type Audience, createAudience } from './audience.ts';
import { channelOf, personOf, type SlackConversation, type SlackUser } from './directory-shapes.ts';
import { createLookups, type Lookups } from './lookups.ts';
import { createPeopleList } from './people-list.ts';

/**
 * Who somebody is and what a channel is. Null: Slack knows no such person or channel.
 *
 * `person` and `channel` throw `TryAgain` while Slack's rate limit keeps the answer back. That is no answer and says
 * nothing about anybody. They throw `LookupUnavailable` when Slack fails.
 */
export interface Directory {
  person(user: string): Promise<Person | null>;
  channel(channel: string): Promise<Omit<Channel, 'seenAt'> | null>;
  /** Slack says that somebody changed, and how they are now. */
  personChanged(user: SlackUser): Promise<void>;
  forgetChannel(channel: string): Promise<void>;
  /** Who is in a conversation. */
  readonly audience: Audience;
  /** Reads all channels the bot can see, as fast as Slack lets us, and returns the ids of those it is in. */
  sync(signal: AbortSignal): Promise<string[]>;
  stop(): void;
}

export interface DirectoryOptions {
  readonly db: Database;
  readonly calls: PacedCalls;
  readonly identity: SlackIdentity;
  readonly now?: () => Date;
}

/** How long an answer that lets somebody speak is believed without asking. Events of Slack shorten it. */
const ALLOWED_LIFE_MS = 10 * 60_000;
/** A refusal may be a mistake that an administrator has just corrected. */
const REFUSED_LIFE_MS = 60_000;
/** How old an answer may be that is used while Slack answers nothing. */
const STALE_LIFE_MS = 24 * 60 * 60_000;
/** Slack usually answers within this time. After it the row waits elsewhere and leaves its place to others. */
const HOLD_MS = 1_000;
/** The answer wakes the rows that wait for it. This pause is for a process that ends before the answer comes. */
const RETRY_MS = 30_000;
const MAX_PAGES = 50;

/** Asks Slack only for what is not known, once for everybody who wants to know it. */
export function createDirectory({ db, calls, identity, now = () => new Date() }: DirectoryOptions): Directory {
  const age = (seenAt: Date): number => now().getTime() - seenAt.getTime();
  const isFresh = (seenAt: Date, allowed: boolean): boolean =>
    age(seenAt) < (allowed ? ALLOWED_LIFE_MS : REFUSED_LIFE_MS);

  const freshPerson = async (user: string): Promise<Person | null> => {
    const known = await findPerson(db, identity.team, user);
    return known && isFresh(known.seenAt, known.class === 'member') ? known : null;
  };

  /** Whoever hears first that somebody has become an outsider puts them into the places they are in. */
  const keepPerson = async (person: Person): Promise<void> => {
    const before = (await findPerson(db, identity.team, person.id))?.class;
    await savePeople(db, [person]);
    if (before !== undefined && !isOutside(before) && isOutside(person.class))
      await audience.becameOutsider(person.id, person.class);
  };

  const people = createLookups<Person | null>({
    async look(user) {
      // Another gateway or a list of people may have been quicker.
      const known = await freshPerson(user);
      if (known) return known;
      const answer = await lookUp(calls, 'users.info', { user });
      if (!answer) return null;
      const person = personOf((answer.user ?? {}) as SlackUser, user, identity);
      await keepPerson(person);
      return (await findPerson(db, identity.team, user)) ?? person;
    },
  });
  const list = createPeopleList({ db, calls, identity, people });
  const person: Directory['person'] = async (user) => {
    const known = await findPerson(db, identity.team, user);
    if (known && isFresh(known.seenAt, known.class === 'member')) return known;
    const asked = ask(people, user, known);
    if (people.isLimited()) list.read();
    return asked;
  };
  const audience = createAudience({ db, calls, identity, now, person, readEverybody: list.read });

  const channels = createLookups<Omit<Channel, 'seenAt'> | null>({
    async look(id) {
      for (;;) {
        const askedAt = await databaseTime(db);
        const answer = await lookUp(calls, 'conversations.info', { channel: id });
        if (!answer) return null;
        const channel = channelOf((answer.channel ?? {}) as SlackConversation, id, identity);
        if (await saveChannel(db, channel, askedAt)) return channel;
      }
    },
  });

  /** What is known but old is better than waiting. The question goes on, and its answer serves the next message. */
  const ask = async <Answer>(
    lookups: Lookups<Answer>,
    id: string,
    known: (NonNullable<Answer> & { readonly seenAt: Date }) | null,
  ): Promise<Answer> => {
    const asked = lookups.ask(id);
    const old = known && age(known.seenAt) < STALE_LIFE_MS ? known : null;
    try {
      const answer = await within(lookups.isLimited() ? 0 : HOLD_MS, asked);
      if (answer) return answer.value;
    } catch (error) {
      if (!(old && error instanceof LookupUnavailable)) throw error;
    }
    if (old) return old;
    throw new TryAgain(`Slack has not said yet who or what ${id} is`, RETRY_MS, asked);
  };

  return {
    person,
    audience,

    async channel(id) {
      const known = await findChannel(db, identity.team, id);
      if (known && isFresh(known.seenAt, !known.external)) return known;
      if (!id.startsWith('D')) return ask(channels, id, known);
      // An id that begins with D is a direct message with us, so Slack need not be asked what it is. The other person in it is looked up anyway.
      const direct = { team: identity.team, id, name: '', kind: 'im', external: false } as const;
      await saveChannel(db, direct);
      return direct;
    },

    async personChanged(user) {
      if (!user.id) return;
      const person = personOf(user, user.id, identity);
      await keepPerson(person);
      people.answer(user.id, (await findPerson(db, identity.team, user.id)) ?? person);
    },
    forgetChannel: (channel) => forgetChannel(db, identity.team, channel),

    async sync(signal) {
      const joined: string[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const askedAt = await databaseTime(db);
        const asked = {
          types: 'public_channel,private_channel',
          exclude_archived: true,
          limit: 200,
          ...(cursor ? { cursor } : {}),
        };
        const answer = await patiently(() => calls.call('conversations.list', asked), signal);
        for (const found of (answer.channels ?? []) as SlackConversation[]) {
          if (!found.id) continue;
          await saveChannel(db, channelOf(found, found.id, identity), askedAt);
          if (found.is_member) joined.push(found.id);
        }
        cursor = nextCursor(answer);
        if (!cursor) break;
      }
      return joined;
    },

    stop() {
      people.stop();
      channels.stop();
      list.stop();
      audience.stop();
    },
  };
}

/**
 * Null when Slack says no: what cannot be looked up is refused. No answer is not a no, and a refusal of ourselves says
 * nothing about anybody.
 * @throws RateLimited, or whatever says the same, when it is too early to ask
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
    if (failure.kind === 'limited' || isTokenRefused(failure)) throw error;
    if (failure.kind === 'refused') return null;
    throw new LookupUnavailable(`${method}: ${failure.reason}`);
  }
}
