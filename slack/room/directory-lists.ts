import type { AuthorClass } from '../../store/inbox.ts';
import { nextCursor } from '../api/fields.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';
import { channelOf, classOf, type SlackConversation, type SlackUser } from '../people/directory-shapes.ts';
import { SPARE } from './read-thread.ts';
import { remembered } from './remembered.ts';

/** Somebody of the workspace, for looking up by name. */
export interface ListedPerson {
  readonly id: string;
  /** As Slack shows it. */
  readonly name: string;
  readonly realName: string;
  readonly title: string;
  readonly zone: string;
  readonly class: AuthorClass;
}

export interface ListedChannel {
  readonly id: string;
  readonly name: string;
  readonly topic: string;
  readonly shared: boolean;
  readonly appIsMember: boolean;
}

export interface DirectoryLists {
  /** Everybody whose account has not ended, by id. May be some minutes old. */
  people(): Promise<ReadonlyMap<string, ListedPerson>>;
  /** Public channels that are not archived. May be some minutes old. */
  channels(): Promise<readonly ListedChannel[]>;
}

type ListedUser = SlackUser & { tz?: string; profile?: { title?: string } };
type Listed = SlackConversation & { topic?: { value?: string }; purpose?: { value?: string } };

/** Slack takes no more. A workspace of twenty thousand is twenty calls. */
const PAGE = 1_000;
const MAX_PAGES = 20;
const LIFE_MS = 5 * 60_000;
/** What was read is lost when a limit ends the reading, so it is waited for. */
const PATIENCE_MS = 90_000;

/** Lists of the workspace, read when they are wanted and kept for five minutes. At most 20,000 entries each. */
export function createDirectoryLists(calls: PacedCalls, identity: SlackIdentity): DirectoryLists {
  const pages = async <T>(
    method: string,
    args: Record<string, unknown>,
    itemsOf: (answer: Record<string, unknown>) => unknown,
  ): Promise<T[]> => {
    const until = AbortSignal.timeout(PATIENCE_MS);
    const all: T[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const asked = { ...args, limit: PAGE, ...(cursor && { cursor }) };
      const ask = () => calls.call(method, asked, SPARE);
      const answer = page === 0 ? await ask() : await patiently(ask, until);
      all.push(...((itemsOf(answer) ?? []) as T[]));
      cursor = nextCursor(answer);
      if (!cursor) break;
    }
    return all;
  };
  return {
    people: remembered(LIFE_MS, async () => {
      const users = await pages<ListedUser>('users.list', {}, ({ members }) => members);
      return new Map(
        users.flatMap((user) => (user.id && !user.deleted ? [[user.id, listedPerson(user, user.id, identity)]] : [])),
      );
    }),
    channels: remembered(LIFE_MS, async () => {
      const args = { types: 'public_channel', exclude_archived: true };
      const found = await pages<Listed>('conversations.list', args, ({ channels }) => channels);
      return found.flatMap((each) => (each.id ? [listedChannel(each, each.id, identity)] : []));
    }),
  };
}

function listedPerson(user: ListedUser, id: string, identity: SlackIdentity): ListedPerson {
  const { display_name: shown, real_name: real, title } = user.profile ?? {};
  return {
    ...{ id, name: shown || real || user.name || id, realName: real ?? '', title: title ?? '', zone: user.tz ?? '' },
    class: classOf(user, identity),
  };
}

function listedChannel(found: Listed, id: string, identity: SlackIdentity): ListedChannel {
  const { name, external } = channelOf(found, id, identity);
  const topic = found.topic?.value || found.purpose?.value || '';
  return { id, name, topic, shared: external, appIsMember: found.is_member === true };
}
