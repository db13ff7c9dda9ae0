import type { Off } from '../../access/effective-access.ts';
import { channelScope, type ScopeKey } from '../../contracts/scope.ts';
import { classesOf } from '../../store/people.ts';
import { failureOf } from '../api/errors.ts';
import { channelOf, type SlackConversation } from '../people/directory-shapes.ts';
import { membersOf } from '../people/members-of.ts';
import type { DirectoryLists } from './directory-lists.ts';
import type { PlaceFacts, Target } from './judge-reach.ts';
import { type RoomOptions, SPARE } from './read-thread.ts';

export interface PlacesOptions extends RoomOptions {
  readonly lists: DirectoryLists;
  /** Why the access file does not let the agent work in a scope. Null: it does. */
  readonly whyOff: (scope: ScopeKey) => Promise<Off | null>;
}

/** A channel with its id, name and who is in it. */
export interface Place extends Target {
  readonly id: string;
}

/** Pages of a thousand members. In a larger channel not everybody can be looked at, so it counts as one with guests. */
const MAX_PAGES = 10;

/**
 * What a channel is and who is in it, asked of Slack at this moment. Null: Slack knows no such channel, or does not show it to the app.
 * @param person who asks; null for a schedule
 */
export async function placeOf(options: PlacesOptions, id: string, person: string | null): Promise<Place | null> {
  const { calls, identity, whyOff } = options;
  if (id.startsWith('D')) return { ...directMessage(id), isOff: false };
  const found = await infoOf(options, id);
  if (found === null) return null;
  const { name, kind, external } = channelOf(found, id, identity);
  const appIsMember = found.is_member === true || kind === 'mpim';
  // Of a channel that the app is not in nothing is read and nothing is posted there, so nobody has to be looked at.
  const members = appIsMember
    ? await membersOf((page) => calls.call('conversations.members', { ...page }, SPARE), id, MAX_PAGES)
    : null;
  return {
    ...{ id, kind, appIsMember, label: kind === 'mpim' ? 'the group message' : `#${name}` },
    shared: external,
    hasGuests: members === null || (await hasGuests(options, members)),
    personIsMember: person !== null && members?.includes(person) === true,
    isArchived: found.is_archived === true,
    // Outsiders are judged by themselves (judge-reach.ts): what is read there is not shown there.
    isOff: isSwitchedOff(await whyOff(channelScope(identity.team, id))),
  };
}

function isSwitchedOff(off: Off | null): boolean {
  return off !== null && off !== 'guests' && off !== 'shared-channel';
}

function directMessage(id: string): Omit<Place, 'isOff'> {
  const facts: PlaceFacts = { kind: 'im', shared: false, hasGuests: false };
  return { ...facts, id, label: 'a direct message', appIsMember: true, personIsMember: true, isArchived: false };
}

async function infoOf(
  { calls }: PlacesOptions,
  id: string,
): Promise<(SlackConversation & { is_archived?: boolean }) | null> {
  try {
    const answer = await calls.call('conversations.info', { channel: id }, SPARE);
    return (answer.channel ?? {}) as SlackConversation;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind === 'refused' && failure.code !== 'missing_scope') return null;
    throw error;
  }
}

/** Who is not known as a full member or an app counts as a guest. What Slack has told of somebody since the list was read counts, too. */
async function hasGuests({ db, identity, lists }: PlacesOptions, members: readonly string[]): Promise<boolean> {
  const [listed, told] = await Promise.all([lists.people(), classesOf(db, identity.team, members)]);
  const isInside = (found: string | undefined): boolean => found === 'member' || found === 'bot';
  return members.some((id) => {
    const inList = listed.get(id)?.class;
    const inRows = told.get(id);
    if (inList === undefined && inRows === undefined) return true;
    return (inList !== undefined && !isInside(inList)) || (inRows !== undefined && !isInside(inRows));
  });
}
