import { threadOf } from '../../contracts/ids.ts';
import type { Found, FoundChannel, FoundPerson, NotAllowed, Reader } from '../../contracts/slack-reading.ts';
import { noteHeard } from '../../store/sessions.ts';
import { removeTokens } from '../receiving/remove-tokens.ts';
import type { PlacesOptions } from './places.ts';
import { mayFrom } from './reach.ts';
import { OF_A_PERSON_NOW } from './read-channel.ts';

const MOST = 20;

/** People whose name or title holds what is looked for. */
export async function findPeople(
  options: PlacesOptions,
  reader: Reader,
  name: string,
): Promise<Found<FoundPerson> | NotAllowed> {
  const may = await mayFrom(options, reader, 'look-up');
  if ('refused' in may) return may;
  const wanted = name.replace(/^@/, '').toLowerCase();
  const people = [...(await options.lists.people()).values()];
  return given(
    options,
    reader,
    matching(people, wanted, withoutTokens, ({ name: shown, realName, title, id }) => [shown, realName, title, id]),
  );
}

/** Public channels whose name or topic holds what is looked for. */
export async function findChannels(
  options: PlacesOptions,
  reader: Reader,
  name: string,
): Promise<Found<FoundChannel> | NotAllowed> {
  const may = await mayFrom(options, reader, 'look-up');
  if ('refused' in may) return may;
  const wanted = name.replace(/^#/, '').toLowerCase();
  const channels = await options.lists.channels();
  return given(
    options,
    reader,
    matching(
      channels,
      wanted,
      (each) => ({ ...each, topic: removeTokens(each.topic) }),
      ({ name: shown, topic }) => [shown, topic],
    ),
  );
}

/** Only what is shown counts, so that nobody learns a token letter by letter. Tokens are looked for in what matches, and not in the whole list. */
function matching<Item>(
  all: readonly Item[],
  wanted: string,
  cleaned: (item: Item) => Item,
  textsOf: (item: Item) => readonly string[],
): Item[] {
  const holds = (item: Item): boolean => textsOf(item).some((text) => text.toLowerCase().includes(wanted));
  return all.filter(holds).map(cleaned).filter(holds);
}

function withoutTokens<Item extends Pick<FoundPerson, 'name' | 'realName' | 'title'>>(person: Item): Item {
  const { name, realName, title } = person;
  return { ...person, name: removeTokens(name), realName: removeTokens(realName), title: removeTokens(title) };
}

/** Titles and topics are words of several people. In a direct message it is the person who asks for them. */
async function given<Item>(
  { db }: PlacesOptions,
  { session }: Reader,
  all: readonly Item[],
): Promise<Found<Item> | NotAllowed> {
  const isDirect = threadOf(session).channel.startsWith('D');
  if (all.length > 0 && !isDirect && !(await noteHeard(db, session, ''))) return { refused: OF_A_PERSON_NOW };
  return { found: all.slice(0, MOST), more: Math.max(0, all.length - MOST) };
}
