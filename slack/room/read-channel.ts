import type { NotAllowed, PageWish, Reader, SeenPage } from '../../contracts/slack-reading.ts';
import { judgeFrom, NO_SUCH_CHANNEL } from './judge-reach.ts';
import type { Place, PlacesOptions } from './places.ts';
import { type Asking, askingOf, channelIdOf, reachedPlace } from './reach.ts';
import { isEverybodys, pageOf, readReplies, SPARE } from './read-thread.ts';
import { type SlackMessage, saysSomething, showMessages } from './slack-messages.ts';

/** Slack's own page; comings and goings are left out of it. */
const MOST_PAGE = 200;

/** A page of a channel, or why it is not read. */
export async function readChannel(
  options: PlacesOptions,
  reader: Reader,
  { channel, limit, before }: PageWish & { readonly channel?: string | undefined },
): Promise<SeenPage | NotAllowed> {
  const place = await placeToRead(options, reader, channel);
  if ('refused' in place) return place;
  const asked = { channel: place.id, limit: Math.min(limit, MOST_PAGE), ...(before && { latest: before }) };
  const answer = await options.calls.call('conversations.history', asked, SPARE);
  const messages = ((answer.messages ?? []) as SlackMessage[]).toReversed();
  const said = messages.filter((each) => saysSomething(each, options.identity));
  if (!(await mayGive(options, reader, place, said))) return { refused: OF_A_PERSON_NOW };
  return {
    ...{ place: place.label, root: null, hasNewer: before !== undefined, next: messages[0]?.ts },
    messages: await showMessages(options, place.id, said),
    older: answer.has_more === true ? null : 0,
    notes:
      place.kind === 'im' ? [] : ['replies in threads are not shown here; read_message reads the thread of a link'],
  };
}

interface Pin {
  readonly type?: string;
  readonly created?: number;
  readonly message?: SlackMessage;
}

/** The pinned messages of a channel. */
export async function readPins(
  options: PlacesOptions,
  reader: Reader,
  { channel }: { readonly channel?: string | undefined },
): Promise<SeenPage | NotAllowed> {
  const place = await placeToRead(options, reader, channel);
  if ('refused' in place) return place;
  const answer = await options.calls.call('pins.list', { channel: place.id }, SPARE);
  const pins = (answer.items ?? []) as Pin[];
  const messages = pins.flatMap(({ message }) => (message?.ts ? [message] : []));
  messages.sort((a, b) => Number(a.ts) - Number(b.ts));
  if (!(await mayGive(options, reader, place, messages))) return { refused: OF_A_PERSON_NOW };
  const others = pins.length - messages.length;
  return {
    ...{ place: `the pins of ${place.label}`, root: null, older: 0, hasNewer: false },
    messages: await showMessages(options, place.id, messages),
    notes: others > 0 ? [`${others} pinned, but no message`] : [],
  };
}

/** The message behind a link, and the thread it stands in up to this message; all of the thread when the link is that of its first message. */
export async function readMessage(
  options: PlacesOptions,
  reader: Reader,
  { link, limit, before }: PageWish & { readonly link: string },
  signal: AbortSignal,
): Promise<SeenPage | NotAllowed> {
  const linked = linkedMessage(link);
  if (linked === null)
    return { refused: 'That is no link to a message. It has the form https://….slack.com/archives/C…/p….' };
  const asking = await askingOf(options, reader);
  if ('refused' in asking) return asking;
  const place = await reachedPlace(options, asking, 'read', linked.channel);
  if ('refused' in place) return place;
  const { channel, ts, threadTs } = linked;
  const isReply = threadTs !== ts;
  const read = await readReplies(
    options.calls,
    { channel, ts: threadTs, before: before ?? (isReply ? justAfter(ts) : undefined) },
    signal,
  );
  const all = [...(read.root ? [read.root] : []), ...read.replies];
  if (!all.some((each) => each.ts === ts) && before === undefined)
    return { refused: 'There is no such message; it may have been deleted.' };
  if (!(await mayGive(options, reader, place, all))) return { refused: OF_A_PERSON_NOW };
  const wish = { limit, before };
  const page = await pageOf(options, { ...read, channel, place: `the thread of that message in ${place.label}` }, wish);
  return isReply && before === undefined
    ? { ...page, notes: [...page.notes, 'the last one here is the message of the link; later replies are not shown'] }
    : page;
}

/** @returns null for what is no link to a message */
export function linkedMessage(
  link: string,
): { readonly channel: string; readonly ts: string; readonly threadTs: string } | null {
  const address = link.trim().replace(/^<|(\|[^<>]*)?>$/g, '');
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  const [, channel, seconds, rest] = /^\/archives\/([CGD][A-Z0-9]+)\/p(\d{10})(\d{6})\/?$/.exec(url.pathname) ?? [];
  if (!channel || !seconds || !rest) return null;
  const ts = `${seconds}.${rest}`;
  const thread = url.searchParams.get('thread_ts');
  return { channel, ts, threadTs: thread !== null && /^\d{10}\.\d{6}$/.test(thread) ? thread : ts };
}

/** Slack's window leaves out the message at its border. */
function justAfter(ts: string): string {
  const [seconds = '0', micros = '0'] = ts.split('.');
  const next = Number(micros) + 1;
  return next > 999_999 ? `${Number(seconds) + 1}.000000` : `${seconds}.${String(next).padStart(6, '0')}`;
}

async function placeToRead(
  options: PlacesOptions,
  reader: Reader,
  given: string | undefined,
): Promise<Place | NotAllowed> {
  const asking = await askingOf(options, reader);
  if ('refused' in asking) return asking;
  if (given === undefined) return reachedPlace(options, asking, 'read', null);
  const id = await channelIdOf(options, asking, given);
  return id === null ? whyNot(asking) : reachedPlace(options, asking, 'read', id);
}

/** Why no channel of a name is found from a place. */
export function whyNot({ from }: Asking): NotAllowed {
  const base = judgeFrom('read', from);
  return { refused: base.ok ? NO_SUCH_CHANNEL : base.why };
}

export const OF_A_PERSON_NOW =
  "This thread has come to work in one person's name meanwhile, so nothing of others is read here.";

/** Notes whose words the session is given. In a direct message the person alone asks for them, and nobody else ever steers there. */
export async function mayGive(
  options: PlacesOptions,
  { session }: Reader,
  place: Pick<Place, 'kind'>,
  messages: readonly SlackMessage[],
): Promise<boolean> {
  if (session.split(':')[2]?.startsWith('D')) return true;
  return place.kind === 'im' || isEverybodys(options, session, messages);
}
