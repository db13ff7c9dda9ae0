import { threadOf } from '../../contracts/ids.ts';
import { scopeKind } from '../../contracts/scope.ts';
import type { NotAllowed, Reader } from '../../contracts/slack-reading.ts';
import { getSession } from '../../store/sessions.ts';
import { getTurn } from '../../store/turns.ts';
import { joinedChannels } from './joined-channels.ts';
import { type Doing, judgeFrom, judgeReach, NO_SUCH_CHANNEL } from './judge-reach.ts';
import { type Place, type PlacesOptions, placeOf } from './places.ts';

/** The place a tool is used in, and who asks. */
export interface Asking {
  readonly from: Place;
  /** Slack's id of the person whose turn it is. Null: a schedule's. */
  readonly person: string | null;
  readonly requester: string;
}

/** What others wrote could cause something in the person's name. */
const OF_A_PERSON =
  "This thread works in one person's name, so of other places I read nothing here. Ask me in a direct message, or in a channel where I work as the channel's agent.";

/** Who asks from where; or why nothing beyond the own thread is used there. */
export async function askingOf(options: PlacesOptions, { session, turn }: Reader): Promise<Asking | NotAllowed> {
  const [{ owner, scope }, { requester }] = await Promise.all([
    getSession(options.db, session),
    getTurn(options.db, session, turn),
  ]);
  if (owner !== null && scopeKind(scope) !== 'person') return { refused: OF_A_PERSON };
  const person = requester.includes(':') ? null : requester;
  const from = await placeOf(options, threadOf(session).channel, person);
  return from === null
    ? { refused: 'Slack does not say what this channel is, so I use nothing else from here.' }
    : { from, person, requester };
}

/**
 * What the model calls a channel: `#general`, `general`, an id, or what Slack writes for a mention of one. Null: there is none of that name.
 * Whether it is used is judged afterwards.
 */
export async function channelIdOf(
  { calls, lists }: PlacesOptions,
  { from }: Asking,
  given: string,
): Promise<string | null> {
  const mention = /^<#([CG][A-Z0-9]+)(?:\|[^<>]*)?>$/.exec(given)?.[1];
  if (mention) return mention;
  if (/^[CGD][A-Z0-9]{6,}$/.test(given)) return given;
  const name = given.replace(/^#/, '').toLowerCase();
  if (from.label === `#${name}`) return from.id;
  // From there nothing else is used, so that not even the list is asked for.
  if (!judgeFrom('read', from).ok) return null;
  const listed = (await lists.channels()).find((each) => each.name === name);
  if (listed || from.kind !== 'im') return listed?.id ?? null;
  const { channels } = await joinedChannels(calls, 'private_channel');
  return channels.find((each) => each.name === name)?.id ?? null;
}

/**
 * The place that is read or posted in, when the matrix allows it.
 * @param id null: the place itself
 */
export async function reachedPlace(
  options: PlacesOptions,
  asking: Asking,
  doing: 'read' | 'post',
  id: string | null,
): Promise<(Place & { readonly ask: boolean }) | NotAllowed> {
  const { from, person } = asking;
  if (id === null || id === from.id) {
    return doing === 'read'
      ? { ...from, ask: false }
      : { refused: 'That is this channel. What you answer is posted here anyway.' };
  }
  // Before anything is asked about the other place, so that nothing is learned of it.
  const base = judgeFrom(doing, from);
  if (!base.ok) return { refused: base.why };
  const to = await placeOf(options, id, person);
  if (to === null) return { refused: NO_SUCH_CHANNEL };
  const reach = judgeReach(doing, from, to);
  return reach.ok ? { ...to, ask: reach.ask } : { refused: reach.why };
}

/** For what has no other place: search, and looking up. */
export async function mayFrom(options: PlacesOptions, reader: Reader, doing: Doing): Promise<Asking | NotAllowed> {
  const asking = await askingOf(options, reader);
  if ('refused' in asking) return asking;
  const reach = judgeFrom(doing, asking.from);
  return reach.ok ? asking : { refused: reach.why };
}
