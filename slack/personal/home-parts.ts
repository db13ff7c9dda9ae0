/** What the Home tab says beside a person's own connections and settings: what the agent is, what its places reach, and what is scheduled. */
import type { EffectiveAccess } from '../../access/decision.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import { channelScope, personScope } from '../../contracts/scope.ts';
import { findChannel } from '../../store/channels.ts';
import type { Queryable } from '../../store/database.ts';
import { openSchedules } from '../../store/schedules.ts';
import type { SlackIdentity } from '../api/identity.ts';
import { NO_SCHEDULES, schedulesText } from '../commands/schedules.ts';
import { cutText, escapeText } from '../rendering/mrkdwn.ts';

export interface HomePartsOptions {
  readonly db: Queryable;
  readonly identity: SlackIdentity;
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
const MOST_HOSTS = 3;
const MOST_SCHEDULES = 10;
const MOST_SECTION = 2_900;
/** No channel of Slack has this id, so what holds for it is what holds for every channel that the access file does not name. */
const UNNAMED = 'C';

export function createHomeParts({ db, identity, effective, places, now }: HomePartsOptions): HomeParts {
  /** Private channels are named to nobody here: the Home tab does not know who is in them. */
  async function publicPlaces() {
    const named: { readonly label: string; readonly scope: ScopeKey }[] = [];
    for (const place of await places()) {
      const [, team, id] = place.scope.split(':');
      const channel = team === identity.team && id ? await findChannel(db, team, id) : null;
      if (channel?.kind === 'public' && !channel.external)
        named.push({ scope: place.scope, label: `#${channel.name}` });
      if (named.length === MOST_PLACES) break;
    }
    return named;
  }

  return {
    about: [
      header(`What ${identity.botName} is`),
      section(
        `An agent for this workspace. Mention me in a channel with what you want done, or write to me in Messages. I work in a sandbox of each thread's own, and what leaves it is judged by the rules of that place. Write \`help\` for the words that I answer at once, and \`access\` in a thread for what I reach there.`,
      ),
    ],
    async reach(user) {
      const lines = [reachLine('Your direct messages', await effective(personScope(identity.team, user)))];
      for (const { label, scope } of await publicPlaces()) lines.push(reachLine(label, await effective(scope)));
      const others = await effective(channelScope(identity.team, UNNAMED));
      lines.push(reachLine('Channels without rules of their own', others));
      const schedules = await openSchedules(db, identity.team, MOST_SCHEDULES);
      return [
        header('What your places reach'),
        section(escapeText(cutText(lines.join('\n'), MOST_SECTION))),
        header('Schedules in public channels'),
        section(
          escapeText(cutText(schedules.length > 0 ? schedulesText(schedules, now()) : NO_SCHEDULES, MOST_SECTION)),
        ),
      ];
    },
  };
}

/** `#ops: acme-readonly, crm; without a credential: docs.acme.test`. Connections of the person themselves are called theirs. */
export function reachLine(label: string, access: EffectiveAccess): string {
  if (!access.enabled) return `• ${label}: switched off`;
  const used = [
    ...access.rules.flatMap((rule) => (rule.action === 'inject' ? [rule.connection.id] : [])),
    ...access.servers.map(({ connection }) => connection.id),
  ];
  const connections = [...new Set(used)].map((id) => id.replace(/^personal\//, 'your own '));
  const hosts = [...new Set(access.rules.flatMap((rule) => (rule.action === 'forward' ? [rule.match.host] : [])))];
  const more = hosts.length > MOST_HOSTS ? ` and ${hosts.length - MOST_HOSTS} more` : '';
  const parts = [
    ...(connections.length > 0 ? [connections.join(', ')] : []),
    ...(hosts.length > 0 ? [`without a credential: ${hosts.slice(0, MOST_HOSTS).join(', ')}${more}`] : []),
  ];
  return `• ${label}: ${parts.join('; ') || 'nothing outside the sandbox'}`;
}

const header = (text: string) => ({ type: 'header', text: { type: 'plain_text', text: cutText(text, 140) } });
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
