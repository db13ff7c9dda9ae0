/** What the Home tab says beside a person's own connections and settings: what the agent is, what its places reach, and what is scheduled. */
import type { EffectiveAccess } from '../../access/decision.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import { channelScope, personScope } from '../../contracts/scope.ts';
import { findChannel } from '../../store/channels.ts';
import type { Queryable } from '../../store/database.ts';
import { openSchedules } from '../../store/schedules.ts';
import { nextCursor } from '../api/fields.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { openHosts, packagesOf, servicesOf } from '../commands/reach-words.ts';
import { NO_SCHEDULES, schedulesText } from '../commands/schedules.ts';
import type { Directory } from '../people/directory.ts';
import { cutText, escapeWithin } from '../rendering/mrkdwn.ts';

export interface HomePartsOptions {
  readonly db: Queryable;
  readonly calls: PacedCalls;
  readonly identity: SlackIdentity;
  readonly directory: Pick<Directory, 'channel'>;
  readonly effective: (scope: ScopeKey) => Promise<EffectiveAccess>;
  /** Channels that the access file names. */
  readonly places: () => Promise<readonly { readonly scope: ScopeKey; readonly label: string }[]>;
  readonly now: () => Date;
}

/** Blocks above and below those of a person's own connections. */
export interface HomeParts {
  readonly about: readonly object[];
  /** For members only. */
  reach(user: string): Promise<readonly object[]>;
}

/** Slack takes a hundred blocks, and nobody reads more. */
const MOST_PLACES = 12;
/** A thousand channels of one person. */
const MAX_PAGES = 5;
/** The part of Slack's limit that is left to more important calls. */
const SPARE = 0.2;
const MOST_HOSTS = 3;
const MOST_SCHEDULES = 10;
const MOST_SECTION = 2_900;
/** No channel of Slack has this id, so what holds for it is what holds for every channel that the access file does not name. */
const UNNAMED = 'C';

/** Each part is read anew for each look at the Home tab. */
export function createHomeParts({
  db,
  calls,
  identity,
  directory,
  effective,
  places,
  now,
}: HomePartsOptions): HomeParts {
  /** Those that a person is in come first. A private channel is named only to somebody of whom Slack says at this moment that they are in it. */
  async function placesFor(own: ReadonlySet<string> | null) {
    const named: { readonly id: string; readonly label: string; readonly scope: ScopeKey; readonly isOwn: boolean }[] =
      [];
    for (const { scope } of await places()) {
      const [, team, id] = scope.split(':');
      if (team !== identity.team || !id) continue;
      const channel = await findChannel(db, team, id);
      const isOwn = own?.has(id) === true;
      if (!channel || channel.external || !(channel.kind === 'public' || (channel.kind === 'private' && isOwn)))
        continue;
      const aside = own === null || isOwn ? '' : ' (you are not in it)';
      named.push({ id, scope, label: `#${channel.name}${aside}`, isOwn });
    }
    return [...named.filter(({ isOwn }) => isOwn), ...named.filter(({ isOwn }) => !isOwn)];
  }

  /**
   * Whether everybody may hear of a channel. What is stored may be old, and Slack tells no app that is not in it when a public channel becomes
   * private. What Slack does not say counts as no.
   */
  async function isOpen(id: string): Promise<boolean> {
    const channel = await directory.channel(id).catch(() => null);
    return channel?.kind === 'public' && !channel.external;
  }

  return {
    about: [
      header(`What ${identity.botName} is`),
      section(
        `An agent for this workspace. Mention me in a channel with what you want done, or write to me in Messages. I work in a sandbox of each thread's own, and what leaves it is judged by the rules of that place. Write \`help\` for the words that I answer at once, and \`access\` in a thread for what I reach there.`,
      ),
    ],
    async reach(user) {
      const own = await channelsOf(calls, user);
      const lines = [reachLine('Your direct messages', await effective(personScope(identity.team, user)))];
      const named = await placesFor(own);
      for (const { id, label, scope, isOwn } of named.slice(0, MOST_PLACES))
        if (isOwn || (await isOpen(id))) lines.push(reachLine(label, await effective(scope)));
      const more = named.length - MOST_PLACES;
      if (more > 0) lines.push(`• and ${more} more. Write \`access\` in a channel to see what I reach there.`);
      const others = await effective(channelScope(identity.team, UNNAMED));
      lines.push(reachLine('Channels without rules of their own', others));
      const schedules = [];
      for (const each of await openSchedules(db, identity.team, { own: [...(own ?? [])], most: MOST_SCHEDULES }))
        if (own?.has(each.channel) || (await isOpen(each.channel))) schedules.push(each);
      return [
        header('What your places reach'),
        section(escapeWithin(lines.join('\n'), MOST_SECTION)),
        header('Schedules in your channels and in public ones'),
        section(escapeWithin(schedules.length > 0 ? schedulesText(schedules, now()) : NO_SCHEDULES, MOST_SECTION)),
      ];
    },
  };
}

/** The channels that a person and the app are in. Null when Slack does not say: then nothing is taken for theirs. */
async function channelsOf(calls: PacedCalls, user: string): Promise<ReadonlySet<string> | null> {
  const found = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const asked = { user, types: 'public_channel,private_channel', exclude_archived: true, limit: 200 };
    const answer = await calls
      .call('users.conversations', { ...asked, ...(cursor && { cursor }) }, SPARE)
      .catch(() => null);
    if (answer === null) return page === 0 ? null : found;
    for (const { id } of (answer.channels ?? []) as { id?: string }[]) if (id) found.add(id);
    cursor = nextCursor(answer);
    if (!cursor) break;
  }
  return found;
}

/** `#ops: acme-readonly, crm; without a credential: docs.acme.test`. Connections of the person themselves are called theirs. */
export function reachLine(label: string, access: EffectiveAccess): string {
  if (!access.enabled) return `• ${label}: switched off`;
  const services = servicesOf(access);
  const hosts = openHosts(access);
  const packages = packagesOf(access);
  const more = hosts.length > MOST_HOSTS ? ` and ${hosts.length - MOST_HOSTS} more` : '';
  const parts = [
    ...(services.length > 0 ? [services.join(', ')] : []),
    ...(hosts.length > 0 ? [`without a credential: ${hosts.slice(0, MOST_HOSTS).join(', ')}${more}`] : []),
    ...(packages.length > 0 ? [`packages of ${packages.join(', ')}`] : []),
  ];
  return `• ${label}: ${parts.join('; ') || 'nothing outside the sandbox'}`;
}

const header = (text: string) => ({ type: 'header', text: { type: 'plain_text', text: cutText(text, 140) } });
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
