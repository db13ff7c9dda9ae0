import type { Queryable } from '../../store/database.ts';
import { type Person, savePeople } from '../../store/people.ts';
import { failureOf } from '../api/errors.ts';
import { nextCursor } from '../api/fields.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';
import { personOf, type SlackUser } from './directory-shapes.ts';
import type { Lookups } from './lookups.ts';

export interface PeopleListOptions {
  readonly db: Queryable;
  readonly calls: PacedCalls;
  readonly identity: SlackIdentity;
  /** The open questions, one a person. */
  readonly people: Lookups<Person | null>;
}

/** Reads everybody in the workspace, page by page, while more people wait than Slack lets us ask about one by one. */
export interface PeopleList {
  /** Begins, if it is worth it. Cheap; may be called at any time. */
  read(): void;
  stop(): void;
}

/** For fewer people a question each is quicker. */
const WORTH_IT = 20;
/** Slack recommends no more. */
const PAGE = 200;
/** In a workspace of more than ten thousand the people who wait are too far apart. */
const MAX_PAGES = 50;
const PAUSE_MS = 60_000;

/** One for each gateway. */
export function createPeopleList({ db, calls, identity, people }: PeopleListOptions): PeopleList {
  const stopping = new AbortController();
  let notBefore = 0;

  const readPages = async (): Promise<void> => {
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES && people.open() > 0; page += 1) {
      const asked = { limit: PAGE, ...(cursor ? { cursor } : {}) };
      const answer = await patiently(() => calls.call('users.list', asked), stopping.signal);
      const found = ((answer.members ?? []) as SlackUser[]).flatMap((user) =>
        user.id ? [personOf(user, user.id, identity)] : [],
      );
      await savePeople(db, found);
      for (const person of found) people.answer(person.id, person);
      cursor = nextCursor(answer);
      if (!cursor) return;
    }
  };

  return {
    read() {
      if (people.open() < WORTH_IT || performance.now() < notBefore) return;
      notBefore = Number.POSITIVE_INFINITY;
      readPages()
        // The questions one by one go on: without the list it only takes longer.
        .catch((error) => failureOf(error))
        .finally(() => {
          notBefore = performance.now() + PAUSE_MS;
        });
    },
    stop: () => stopping.abort(),
  };
}
