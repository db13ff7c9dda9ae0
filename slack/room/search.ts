import { channelScope } from '../../contracts/scope.ts';
import type { NotAllowed, Reader, SearchResult, SearchWish, SeenMessage } from '../../contracts/slack-reading.ts';
import { failureOf } from '../api/errors.ts';
import { nextCursor } from '../api/fields.ts';
import { channelOf } from '../people/directory-shapes.ts';
import { messageText } from '../receiving/message-text.ts';
import { joinedChannels } from './joined-channels.ts';
import type { PlacesOptions } from './places.ts';
import { type Asking, askingOf, channelIdOf, mayFrom, reachedPlace } from './reach.ts';
import { mayGive, whyNot } from './read-channel.ts';
import { SPARE } from './read-thread.ts';
import { type ReadPlace, repliesOf } from './search-replies.ts';
import { type SlackMessage, saysSomething, showMessages } from './slack-messages.ts';

/** Reads of one search. Slack allows fifty a minute for the whole workspace. */
const MOST_READS = 20;
const PAGE = 200;
const MOST_HITS = 30;

interface Searched {
  readonly id: string;
  readonly label: string;
}

interface Places {
  readonly places: readonly Searched[];
  /** How many channels were listed, when the app is in more. */
  readonly beyond: number | null;
}

/**
 * Searches what was said in public channels that the app is in. Slack's search takes no bot's token, so the newest messages of each channel
 * are read, and the replies of the threads that begin there. It says how far back.
 */
export async function searchMessages(
  options: PlacesOptions,
  reader: Reader,
  { words, channel }: SearchWish,
  signal: AbortSignal,
): Promise<SearchResult | NotAllowed> {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const asking = channel === undefined ? await mayFrom(options, reader, 'search') : await askingOf(options, reader);
  if ('refused' in asking) return asking;
  const found = channel === undefined ? await joinedPlaces(options, asking) : await onePlace(options, asking, channel);
  if ('refused' in found) return found;
  const { places, beyond } = found;
  const reads = channel === undefined ? 1 : MOST_READS;
  const readPlaces: ReadPlace<Searched>[] = [];
  const searched: string[] = [];
  const unread: string[] = [];
  for (const [nth, place] of places.entries()) {
    signal.throwIfAborted();
    const read = nth < MOST_READS ? await readBack(options, place.id, reads, nth === 0, signal) : null;
    if (read === null) unread.push(place.label);
    else {
      readPlaces.push({ place, messages: read.messages });
      searched.push(
        `${place.label} (${read.messages.length} messages, ${read.isWhole ? 'all there are' : `back to ${dayOf(read.oldest)}`})`,
      );
    }
  }
  const { replies, threads, of, cut } = await repliesOf(options, readPlaces, signal);
  const said = readPlaces.flatMap(({ place, messages }) => messages.map((message) => ({ message, place })));
  const hits = [...said, ...replies].filter(({ message }) => holds(message, wanted));
  hits.sort((a, b) => Number(b.message.ts) - Number(a.message.ts));
  const shown = hits.slice(0, MOST_HITS);
  if (
    !(await mayGive(
      options,
      reader,
      { kind: 'public' },
      shown.map(({ message }) => message),
    ))
  ) {
    return { refused: "This thread works in one person's name, so nothing of others is read here." };
  }
  const seen = await Promise.all(
    shown.map(async ({ message, place }) => {
      const [one] = await showMessages(options, place.id, [message]);
      return { ...(one as SeenMessage), place: place.label };
    }),
  );
  return {
    hits: seen,
    more: hits.length - shown.length,
    searched: [
      `Searched: ${searched.join(', ') || 'nothing'}.`,
      ...(of === 0
        ? []
        : [
            threads === of
              ? `Searched too: the replies of the threads that begin there (${of}).`
              : `Searched too: the replies of ${threads} of ${of} threads that begin there, those with the newest replies.`,
          ]),
      ...(cut === 0
        ? []
        : [
            `Not searched: the newest replies of ${cut === 1 ? 'a thread that is' : `${cut} threads that are`} too long to be read to the end.`,
          ]),
      ...(unread.length > 0
        ? [
            `Not searched, for want of room in Slack's limits: ${unread.slice(0, 20).join(', ')}${unread.length > 20 ? ` and ${unread.length - 20} more` : ''}.`,
          ]
        : []),
      ...(beyond === null
        ? []
        : [
            `Not searched: I am in more public channels than the ${beyond} that I have looked at, and cannot name them.`,
          ]),
      'Not searched: replies in older threads, private and shared channels, and channels I am not in.',
    ],
  };
}

/** All words, in any order, in what people see of a message. */
function holds(message: SlackMessage, words: readonly string[]): boolean {
  const text = messageText({ ...message }).toLowerCase();
  return words.every((word) => text.includes(word));
}

function dayOf(ts: string | undefined): string {
  return new Date(Number(ts ?? 0) * 1_000).toISOString().slice(0, 10);
}

/** Reads a channel backwards. Null when Slack's limit leaves no room any more. The first read throws instead: nothing is lost by trying the whole search again. */
async function readBack(
  { calls, identity }: PlacesOptions,
  channel: string,
  most: number,
  isFirst: boolean,
  signal: AbortSignal,
): Promise<{ messages: SlackMessage[]; oldest: string | undefined; isWhole: boolean } | null> {
  const messages: SlackMessage[] = [];
  let oldest: string | undefined;
  let cursor: string | undefined;
  for (let page = 0; page < most; page += 1) {
    signal.throwIfAborted();
    try {
      const answer = await calls.call(
        'conversations.history',
        { channel, limit: PAGE, ...(cursor && { cursor }) },
        SPARE,
      );
      const found = (answer.messages ?? []) as SlackMessage[];
      messages.push(...found.filter((each) => saysSomething(each, identity)));
      oldest = found.at(-1)?.ts ?? oldest;
      cursor = nextCursor(answer);
      if (!cursor) return { messages, oldest, isWhole: true };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'unknown' || (isFirst && page === 0)) throw error;
      return page === 0 ? null : { messages, oldest, isWhole: false };
    }
  }
  return { messages, oldest, isWhole: false };
}

async function onePlace(options: PlacesOptions, asking: Asking, given: string): Promise<Places | NotAllowed> {
  const id = await channelIdOf(options, asking, given);
  if (id === null) return whyNot(asking);
  const place = await reachedPlace(options, asking, 'read', id);
  return 'refused' in place ? place : { places: [place], beyond: null };
}

/** Public channels that the app is in and may work in, the own one first. */
async function joinedPlaces({ calls, identity, whyOff }: PlacesOptions, { from }: Asking): Promise<Places> {
  const { channels, isWhole } = await joinedChannels(calls, 'public_channel');
  const found = channels.flatMap((each) => (each.id ? [channelOf(each, each.id, identity)] : []));
  const places: Searched[] = from.kind === 'public' ? [from] : [];
  for (const { id, name, external } of found) {
    if (id === from.id || external || (await whyOff(channelScope(identity.team, id))) !== null) continue;
    places.push({ id, label: `#${name}` });
  }
  return { places, beyond: isWhole ? null : channels.length };
}
