import { within } from '../../contracts/within.ts';
import { databaseTime } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import type { AuthorClass } from '../../store/inbox.ts';
import {
  doubtMembers,
  isOutside,
  membersReadAt,
  noteLeft,
  noteOutsider,
  type Outsider,
  saveOutsiders,
} from '../../store/mixed-channels.ts';
import { classesOf, type Person } from '../../store/people.ts';
import { failureOf, LookupUnavailable, TryAgain } from '../api/errors.ts';
import { nextCursor } from '../api/fields.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';
import { createLookups } from './lookups.ts';
import { membersOf } from './members-of.ts';

/**
 * Who is in a conversation, as far as it matters: the outsiders. What is found is part of the policy in force (access/outsiders.ts), so it
 * counts for running turns as well.
 */
export interface Audience {
  /**
   * Returns when it is known who is in a conversation.
   * @throws TryAgain while it is being read, LookupUnavailable when Slack does not say
   */
  known(channel: string): Promise<void>;
  /** Somebody has written there, so they are in it. */
  seen(channel: string, person: string, author: AuthorClass): Promise<void>;
  /** What an event says, stored before it is acknowledged: from then on the members of a channel that somebody has joined are in doubt. */
  note(body: unknown): Promise<void>;
  joined(channel: string, person: string): Promise<void>;
  left(channel: string, person: string): Promise<void>;
  /** A member of the workspace has become a guest: the places they are in have an outsider now. */
  becameOutsider(person: string, author: Outsider['class']): Promise<void>;
  /** A connection to Slack begins. Who joined before it may have been told to nobody. */
  connected(): Promise<void>;
  stop(): void;
}

export interface AudienceOptions {
  readonly db: Database;
  readonly calls: PacedCalls;
  readonly identity: SlackIdentity;
  /** Looks somebody up whose class is not known. Null: Slack knows nobody of that id. */
  readonly person: (user: string) => Promise<Person | null>;
  /** Reads everybody in the workspace, where that is quicker than one question each. */
  readonly readEverybody: () => void;
  readonly now?: () => Date;
}

/** How long a list of members is believed. Events of Slack keep it right meanwhile. The limit is for an event that was lost. */
const LIFE_MS = 10 * 60_000;
/** Slack usually answers within this time. After it the message waits elsewhere. */
const HOLD_MS = 1_000;
const RETRY_MS = 30_000;
/** Pages of a list of members, and of a list of channels. */
const MAX_PAGES = 100;

/** One for each gateway. What it finds is stored, so all processes see it. */
export function createAudience(options: AudienceOptions): Audience {
  const { db, calls, identity, person, now = () => new Date() } = options;
  const { team } = identity;
  const stopping = new AbortController();

  const readings = createLookups<true>({
    async look(channel) {
      for (;;) {
        const askedAt = await databaseTime(db);
        const outsiders = await outsidersAmong(await everybodyIn(channel));
        if (await saveOutsiders(db, { team, channel, outsiders, askedAt })) return true;
      }
    },
  });

  let began: Promise<Date> | null = null;
  /** What was heard of people before this gateway began may have changed while nobody listened. */
  const since = (): Promise<Date> => {
    began ??= databaseTime(db).catch((error: unknown) => {
      began = null;
      throw error;
    });
    return began;
  };

  /** @throws LookupUnavailable when Slack does not say, which means that nobody knows */
  async function everybodyIn(channel: string): Promise<string[]> {
    const ask = (page: object) =>
      patiently(() => calls.call('conversations.members', { ...page }), stopping.signal).catch((error) => {
        throw new LookupUnavailable(`conversations.members: ${reasonOf(error)}`);
      });
    const members = await membersOf(ask, channel, MAX_PAGES);
    if (members === null) throw new LookupUnavailable(`the conversation has more than ${MAX_PAGES} thousand members`);
    return members;
  }

  async function outsidersAmong(members: readonly string[]): Promise<Outsider[]> {
    const others = members.filter((member) => member !== identity.botUser);
    const known = await classesOf(db, team, others, await since());
    const classes = new Map<string, Outsider['class'] | null>(
      [...known].map(([id, found]) => [id, isOutside(found) ? found : null]),
    );
    const unknown = others.filter((member) => !classes.has(member));
    const asked = unknown.map(async (member) => classes.set(member, outsideOf(await patientPerson(member))));
    options.readEverybody();
    await Promise.all(asked);
    return [...classes].flatMap(([id, found]) => (found === null ? [] : [{ person: id, class: found }]));
  }

  /** A list of members is of no use without the class of each. */
  async function patientPerson(user: string): Promise<Person | null> {
    for (;;) {
      try {
        return await person(user);
      } catch (error) {
        if (!(error instanceof TryAgain)) throw error;
        stopping.signal.throwIfAborted();
        await (error.over ?? new Promise((resolve) => setTimeout(resolve, HOLD_MS)));
      }
    }
  }

  /** Puts the members of a channel in doubt, unless somebody comes who is known to be a member of the workspace. */
  async function isOutsideComing(channel: string, user: string): Promise<boolean> {
    const known = user === identity.botUser ? undefined : (await classesOf(db, team, [user], await since())).get(user);
    if (known !== undefined && !isOutside(known)) return false;
    await doubtMembers(db, team, channel);
    return true;
  }

  return {
    async known(channel) {
      const at = await membersReadAt(db, team, channel);
      if (at && now().getTime() - at.getTime() < LIFE_MS) return;
      const asked = readings.ask(channel);
      if (await within(readings.isLimited() ? 0 : HOLD_MS, asked)) return;
      throw new TryAgain(`it is still being read who is in ${channel}`, RETRY_MS, asked);
    },
    async seen(channel, user, author) {
      if (isOutside(author)) await noteOutsider(db, team, channel, { person: user, class: author });
    },
    async note(body) {
      const event = eventIn(body);
      if (event?.type === 'member_joined_channel') await isOutsideComing(event.channel, event.user);
    },
    async joined(channel, user) {
      // 1. The members have been in doubt since the event came, so a message that comes now waits until they are read.
      // 2. Slack is asked who it is. A new colleague must not look like a guest meanwhile.
      // 3. An outsider is noted, and somebody of whom Slack does not tell counts as one. Running turns see it by the policy.
      // Therefore a process that ends in between leaves the doubt behind, and no guest is overlooked.
      if (user === identity.botUser || !(await isOutsideComing(channel, user))) return;
      const found = outsideOf(await person(user).catch(() => null));
      if (found !== null) await noteOutsider(db, team, channel, { person: user, class: found });
    },
    left: (channel, user) =>
      user === identity.botUser ? doubtMembers(db, team, channel) : noteLeft(db, team, channel, user),
    async becameOutsider(user, author) {
      await doubtMembers(db, team, null);
      let cursor: string | undefined;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const asked = {
          ...{ user, types: 'public_channel,private_channel,mpim', exclude_archived: true, limit: 200 },
          ...(cursor ? { cursor } : {}),
        };
        const answer = await patiently(() => calls.call('users.conversations', asked), stopping.signal);
        for (const { id } of (answer.channels ?? []) as { id?: string }[])
          if (id) await noteOutsider(db, team, id, { person: user, class: author });
        cursor = nextCursor(answer);
        if (!cursor) return;
      }
    },
    connected: () => doubtMembers(db, team, null),
    stop() {
      stopping.abort();
      readings.stop();
    },
  };
}

function reasonOf(error: unknown): string {
  const failure = failureOf(error);
  return failure.kind === 'refused' ? failure.code : failure.kind === 'unknown' ? failure.reason : failure.kind;
}

/** Null: a member, an app, or an account that nobody uses. Somebody of whom Slack does not say who it is counts as an outsider. */
function outsideOf(person: Person | null): Outsider['class'] | null {
  if (person === null) return 'unknown';
  return isOutside(person.class) ? person.class : null;
}

function eventIn(body: unknown): { readonly type: string; readonly channel: string; readonly user: string } | null {
  const event = (body as { event?: { type?: unknown; channel?: unknown; user?: unknown } } | null)?.event;
  const { type, channel, user } = event ?? {};
  return typeof type === 'string' && typeof channel === 'string' && typeof user === 'string'
    ? { type, channel, user }
    : null;
}
