import { createPacedCalls } from '../../../slack/api/paced-calls.ts';
import { NO_GRANTS } from '../../../slack/personal/grant-ways.ts';
import { createPersonalInteractions } from '../../../slack/personal/interactions.ts';
import { CONNECT_VIEW } from '../../../slack/personal/personal-views.ts';
import { createRemoval } from '../../../slack/personal/press-remove.ts';
import type { Database } from '../../../store/database.ts';
import { fileOf } from '../../support/access-yaml.ts';

const OFFERS = fileOf('people: { offer: [github] }\n').people?.offers ?? [];
const IDENTITY = { team: 'T1' } as never;
const ADA = { id: 'UADA' };

/** Calls of a real gateway, with a client that notes what would be sent. */
function calls(db: Database) {
  const sent: { readonly method: string; readonly args: Record<string, unknown> }[] = [];
  const apiCall = async (method: string, args: Record<string, unknown>) => {
    sent.push({ method, args });
    return { ok: true };
  };
  return { sent, calls: createPacedCalls({ db, client: { apiCall } as never, team: 'T1' }) };
}

describe('a press of Remove', () => {
  const owner = { team: 'T1', person: 'UADA' };
  const press = async (query: () => Promise<unknown>, withinMs = 2_000) => {
    const database = { query, wake: () => {} } as unknown as Database;
    const { sent, calls: paced } = calls(database);
    const logged: string[] = [];
    const failed = (what: string) => () => void logged.push(what);
    const remove = createRemoval({ database, calls: paced, failed, withinMs });
    return { isGone: await remove(owner, 'github', 'trigger'), sent, logged };
  };

  test('is told to its person while the database is away', async () => {
    const { isGone, sent, logged } = await press(() => Promise.reject(new Error('ECONNREFUSED')));
    expect(isGone).toBe(false);
    expect(sent).toMatchObject([{ method: 'views.open', args: { trigger_id: 'trigger', view: { type: 'modal' } } }]);
    expect(JSON.stringify(sent)).toMatch(/GitHub could not be removed just now, and may still be connected/);
    expect(logged).toEqual(['a personal connection could not be removed']);
  });

  test('is told in time while the database is slow, and still removes', async () => {
    const slow = () => new Promise((resolve) => setTimeout(() => resolve({ rows: [], rowCount: 1 }), 200));
    const { isGone, sent } = await press(slow, 20);
    expect(isGone).toBe(true);
    expect(sent.map(({ method }) => method)).toEqual(['views.open']);
  });

  test('that works is told by the Home tab alone', async () => {
    expect(await press(async () => ({ rows: [], rowCount: 1 }))).toMatchObject({ isGone: true, sent: [], logged: [] });
  });
});

/** A gateway whose database holds the rows of `stored`, and in which `meanwhile` happens before a token is stored. */
function gateway(meanwhile: (told: (body: unknown) => Promise<void>) => Promise<void>, error: Error | null = null) {
  const stored = new Set<string>();
  let isMember = true;
  const database = {
    query: async (text: string) => {
      if (text.startsWith('delete from personal_connection')) stored.clear();
      return { rows: [], rowCount: 0 };
    },
  } as unknown as Database;
  const interactions = createPersonalInteractions({
    ...{ database, identity: IDENTITY, calls: calls(database).calls },
    directory: {
      person: async () => ({ class: isMember ? 'member' : 'unknown' }) as never,
      personChanged: async ({ deleted }) => {
        isMember = deleted !== true;
      },
    },
    offers: async () => OFFERS,
    models: async () => [],
    whyOff: async () => null,
    keepToken: async (_owner, { name }) => {
      await meanwhile(interactions.noteAccount);
      if (error) throw error;
      stored.add(name);
      return null;
    },
    grants: NO_GRANTS,
    home: { about: [], reach: async () => [] },
    onAnswer: () => {},
    log: { warn: () => {} },
  });
  const view = {
    ...{ callback_id: CONNECT_VIEW, id: 'V1', private_metadata: JSON.stringify({ connection: 'github', place: null }) },
    state: { values: { token: { token: { value: 'something' } } } },
  };
  const submit = async () =>
    JSON.stringify(
      (await interactions.handle({ type: 'view_submission', team: { id: 'T1' }, user: ADA, view }))?.response,
    );
  return { stored, submit };
}

const ENDED = { event: { type: 'user_change', user: { ...ADA, deleted: true } } };

test('a token that is stored after its account has ended is removed again', async () => {
  const { stored, submit } = gateway((told) => told(ENDED));
  expect(await submit()).toMatch(/Only members of this workspace/);
  expect([...stored]).toEqual([]);
});

test('a token of a member stays', async () => {
  const { stored, submit } = gateway(async () => {});
  expect(await submit()).toBeUndefined();
  expect([...stored]).toEqual(['github']);
});

test('a failure does not say that nothing was kept', async () => {
  const { submit } = gateway(async () => {}, new Error('the connection broke during COMMIT'));
  expect(await submit()).toMatch(/may not have been stored\. Please look at `connections` and try again/);
});
