import type { Found, FoundChannel, FoundPerson, NotAllowed, Reader } from '../../contracts/slack-reading.ts';
import type { PlacesOptions } from './places.ts';
import { mayFrom } from './reach.ts';

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
  return firstOf(
    people.filter((each) =>
      [each.name, each.realName, each.title, each.id].some((text) => text.toLowerCase().includes(wanted)),
    ),
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
  return firstOf(
    channels.filter((each) => [each.name, each.topic].some((text) => text.toLowerCase().includes(wanted))),
  );
}

function firstOf<Item>(all: readonly Item[]): Found<Item> {
  return { found: all.slice(0, MOST), more: Math.max(0, all.length - MOST) };
}
