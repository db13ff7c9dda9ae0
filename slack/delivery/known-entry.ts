import { LRUCache } from 'lru-cache';
import type { EffectiveAccess } from '../../access/decision.ts';
import type { Listen } from '../../access/document.ts';
import type { Off, RequesterChannel } from '../../access/effective-access.ts';
import type { PersonalOffer } from '../../access/people-access.ts';
import type { SessionId } from '../../contracts/ids.ts';
import { channelScope, groupDmScope, personScope, type ScopeKey } from '../../contracts/scope.ts';
import type { Channel } from '../../store/channels.ts';
import type { Database } from '../../store/database.ts';
import type { AuthorClass, InboxRow } from '../../store/inbox.ts';
import { isOutside } from '../../store/mixed-channels.ts';
import { LookupUnavailable } from '../api/errors.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { Audience } from '../people/audience.ts';
import type { Directory } from '../people/directory.ts';
import { type Refusal, refusalOf } from '../people/who-may-speak.ts';
import type { CallbackReach } from '../personal/grant-ways.ts';
import type { FileFetcher } from './incoming-files.ts';
import type { ThreadJoiner } from './join-thread.ts';
import { readableText } from './plain-text.ts';
import type { SessionSignals } from './session-signals.ts';
import type { ModelChoices } from './use-model.ts';

export interface DeliveryDependencies {
  readonly database: Database;
  readonly identity: SlackIdentity;
  readonly directory: Pick<Directory, 'person' | 'channel'> & {
    readonly audience: Pick<Audience, 'known' | 'seen'>;
  };
  readonly signals: SessionSignals;
  readonly fetchFiles: FileFetcher;
  /** What a channel says in which sessions act as the person who began them. Null for every other scope. */
  readonly requesterChannel: (scope: ScopeKey) => Promise<RequesterChannel | null>;
  /** Keeps what was said in a thread before the agent was called into it. */
  readonly joinThread: ThreadJoiner;
  /** Whose untagged words count in the joined threads of a scope. */
  readonly listenIn: (scope: ScopeKey) => Promise<Listen>;
  /** What a scope reaches, as the command line shows it. */
  readonly effective: (scope: ScopeKey) => Promise<EffectiveAccess>;
  /** Why the applied access file does not let the agent work in a scope. Null: it does. */
  readonly whyOff: (scope: ScopeKey) => Promise<Off | null>;
  /** What the applied access file offers to people. */
  readonly offers: () => Promise<readonly PersonalOffer[]>;
  /** Whose browsers can be led back here after a grant. */
  readonly callbackReach: CallbackReach;
  /** The models among which people choose for their direct messages. */
  readonly models: () => Promise<readonly string[]>;
  /** The models among which people choose for a thread of a scope. */
  readonly threadModels: (scope: ScopeKey) => Promise<ModelChoices>;
  readonly patience: LookupPatience;
  readonly now: () => Date;
}

/** An inbox row with what Slack's directory and the access file say about it. */
export interface KnownEntry {
  readonly row: InboxRow;
  readonly session: SessionId;
  readonly scope: ScopeKey;
  readonly author: { readonly class: AuthorClass; readonly name: string };
  /** `#ops`, `direct message` or `group message`. */
  readonly place: string;
  readonly refusal: Refusal | null;
}

/**
 * @throws TryAgain while Slack's rate limit keeps the answer back, for as long as that takes
 * @throws LookupUnavailable while Slack fails and it is worth asking again
 */
export async function lookUpEntry(dependencies: DeliveryDependencies, row: InboxRow): Promise<KnownEntry> {
  const { directory, whyOff, patience } = dependencies;
  const asked = async <T>(question: Promise<T | null>): Promise<T | null> => {
    try {
      return await question;
    } catch (error) {
      if (!(error instanceof LookupUnavailable)) patience.pause(row.id);
      else if (!patience.lasts(row.id)) return null;
      throw error;
    }
  };
  // The event itself said bot, or the row was made by a schedule of ours or by a deletion.
  const isDeletion = row.address === 'deletion';
  const given = row.kind === 'schedule' || isDeletion || row.authorClass === 'bot';
  const isStop = row.kind === 'stop';
  const [person, found] = await Promise.all([
    given ? { class: row.authorClass, name: row.author } : asked(directory.person(row.author)),
    isStop ? null : asked(directory.channel(row.channel)),
  ]);
  const author = person?.class ?? null;
  // A member may stop in any place, also while Slack does not say what kind of place it is.
  const mayStop = isStop && author === 'member';
  const channel = isStop && author !== null && isOutside(author) ? await asked(directory.channel(row.channel)) : found;
  // Nothing is said in a place before it is known who listens there. Somebody who writes there is in it, also before their joining is noted.
  const isPlace = channel !== null && channel.kind !== 'im' && !isDeletion && author !== 'bot';
  const isKnown = !isPlace || isStop || (await asked(directory.audience.known(row.channel).then(() => true)));
  if (isPlace && author !== null) await directory.audience.seen(row.channel, row.author, author);
  patience.end(row.id);
  const scope = scopeOf(row, channel);
  const placeToSpeak = async () => {
    if (!mayStop) return { channel: isKnown ? channel : null, off: await whyOff(scope) };
    const kind = row.channel.startsWith('D') ? 'im' : 'public';
    return { channel: { kind, external: false } as const, off: null };
  };
  const refusal = isDeletion ? null : refusalOf({ author, ...(await placeToSpeak()) });
  return {
    row,
    session: row.session,
    scope,
    author: person ?? { class: 'unknown', name: row.author },
    place: placeOf(row, channel),
    refusal,
  };
}

function scopeOf({ address, team, author, channel: id }: InboxRow, channel: Pick<Channel, 'kind'> | null): ScopeKey {
  if (address === 'dm') return personScope(team, author);
  return channel?.kind === 'mpim' ? groupDmScope(team, id) : channelScope(team, id);
}

function placeOf(row: InboxRow, channel: Pick<Channel, 'kind' | 'name'> | null): string {
  if (channel?.kind === 'im') return 'direct message';
  return channel?.kind === 'mpim' ? 'group message' : `#${channel?.name || row.channel}`;
}

/** What is kept of an entry when its way is decided: its author's class and what the agent reads. */
export async function readEntry(
  { database, identity }: DeliveryDependencies,
  { row, author }: KnownEntry,
): Promise<{ authorClass: AuthorClass; text: string }> {
  // A prompt of the access file is not Slack's markup.
  const text = row.kind === 'schedule' ? row.text : await readableText(database, identity, row.text);
  return { authorClass: author.class, text };
}

/** How long Slack may fail to say who somebody is; then nobody can say it, and they are refused. */
const PATIENCE_MS = 60_000;
const MOST_ROWS = 10_000;

/** How long Slack has failed to answer for each inbox row, as this gateway has seen it. Being too early is no failure. */
export interface LookupPatience {
  /** Slack failed; true while the row can wait for another try. */
  lasts(id: string): boolean;
  /** It was too early to ask: the time until the next failure does not count. */
  pause(id: string): void;
  /** The row waits for no answer any more. */
  end(id: string): void;
}

/** One for each gateway, in memory only. Another gateway counts anew. */
export function createLookupPatience(now: () => Date): LookupPatience {
  const rows = new LRUCache<string, { spentMs: number; failedAt: number | null }>({ max: MOST_ROWS });
  return {
    lasts(id) {
      const row = rows.get(id) ?? { spentMs: 0, failedAt: null };
      const at = now().getTime();
      row.spentMs += at - (row.failedAt ?? at);
      row.failedAt = at;
      rows.set(id, row);
      return row.spentMs < PATIENCE_MS;
    },
    pause(id) {
      const row = rows.get(id);
      if (row) row.failedAt = null;
    },
    end: (id) => void rows.delete(id),
  };
}
