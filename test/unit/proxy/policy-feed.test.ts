import { type AccessDocument, EMPTY_DOCUMENT } from '../../../access/document.ts';
import type { PolicyFeed } from '../../../proxy/policy/policy-feed.ts';
import { startPolicyFeed } from '../../../proxy/policy/policy-feed.ts';
import { connection } from '../../support/access-document.ts';

let feed: PolicyFeed;
afterEach(() => feed.stop());

function setUp() {
  const state = {
    now: 1_000_000,
    version: 1,
    confirmed: '',
    away: false,
    hung: false,
    malformed: false,
    changes: 0,
    asked: 0,
    loads: 0,
  };
  const errors: string[] = [];
  feed = startPolicyFeed({
    revision: async () => {
      state.asked += 1;
      if (state.away) throw new Error('away');
      if (state.hung) await new Promise(() => {});
      return `${state.version} ${state.confirmed}`;
    },
    load: async () => {
      state.loads += 1;
      if (state.malformed) return { version: state.version, bundles: [] } as unknown as AccessDocument;
      return { ...EMPTY_DOCUMENT, version: state.version };
    },
    loadSealed: async ({ version }) => new Map([['gh', new Uint8Array([version])]]),
    clock: { now: () => state.now },
    onChange: () => (state.changes += 1),
    onError: (error, what) => errors.push(`${what}: ${(error as Error).message}`),
    pollMs: 1_000_000,
    answerMs: 100,
  });
  return Object.assign(state, { errors });
}

const codeOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'passes';
};

test('before a policy is loaded nothing passes', async () => {
  const state = setUp();
  state.away = true;
  expect(codeOf(() => feed.accessTo('a.test', 'organization'))).toBe('policy_not_loaded');
  await feed.refresh();
  expect(codeOf(() => feed.accessTo('a.test', 'organization'))).toBe('policy_not_loaded');
});

test('while the database is away, injections pass for 30 seconds and the rest for 10 minutes', async () => {
  const state = setUp();
  await feed.refresh();
  state.away = true;
  state.now += 30_000;
  await feed.refresh();
  expect(codeOf(() => feed.confirmForInjection())).toBe('passes');
  state.now += 1;
  expect(codeOf(() => feed.confirmForInjection())).toBe('policy_stale');
  expect(codeOf(() => feed.accessTo('a.test', 'organization'))).toBe('passes');
  state.now += 600_000 - 30_000;
  expect(codeOf(() => feed.accessTo('a.test', 'organization'))).toBe('policy_stale');
  state.away = false;
  await feed.refresh();
  expect(codeOf(() => feed.accessTo('a.test', 'organization'))).toBe('passes');
  expect(codeOf(() => feed.confirmForInjection())).toBe('passes');
});

test('a change is reported once, and effective access is computed again', async () => {
  const state = setUp();
  await feed.refresh();
  expect(feed.accessTo('a.test', 'organization').policyVersion).toBe(1);
  await feed.refresh();
  expect(state.changes).toBe(1);
  state.version = 2;
  await feed.refresh();
  expect(state.changes).toBe(2);
  expect(feed.accessTo('a.test', 'organization').policyVersion).toBe(2);
});

test('the document is read once for each revision, also when only confirmed channels have changed', async () => {
  const state = setUp();
  await feed.refresh();
  await feed.refresh();
  expect([state.asked, state.loads, state.changes]).toEqual([2, 1, 1]);
  state.confirmed = 'C7';
  await feed.refresh();
  expect([state.loads, state.changes]).toEqual([2, 2]);
});

test('who asks during a question is answered by one more, and hears of what was stored before', async () => {
  const state = setUp();
  const first = feed.refresh();
  while (state.asked === 0) await Promise.resolve();
  state.version = 2;
  const others = [feed.refresh(), feed.refresh()];
  await first;
  await Promise.all(others);
  expect(feed.version).toBe(2);
  expect(state.asked).toBe(2);
});

test('a question that is never answered counts as the database being away, and the next one is asked', async () => {
  const state = setUp();
  await feed.refresh();
  state.hung = true;
  await feed.refresh();
  expect(feed.databaseAway).toBe(true);
  expect(state.errors).toEqual(['the policy cannot be confirmed: the database is away: no answer in 100 ms']);
  state.hung = false;
  state.version = 2;
  await feed.refresh();
  expect(feed.databaseAway).toBe(false);
  expect(feed.version).toBe(2);
  // Nor does the end wait for one.
  state.hung = true;
  void feed.refresh();
  await feed.stop();
});

test('a malformed policy leaves the one before it in force, unconfirmed, and is told once', async () => {
  const state = setUp();
  await feed.refresh();
  Object.assign(state, { malformed: true, version: 99 });
  state.now += 30_001;
  await feed.refresh();
  await feed.refresh();
  expect(feed.version).toBe(1);
  expect(feed.databaseAway).toBe(false);
  expect(codeOf(() => feed.accessTo('a.test', 'organization'))).toBe('passes');
  expect(codeOf(() => feed.confirmForInjection())).toBe('policy_stale');
  expect(state.errors).toEqual([expect.stringContaining('version 99 is malformed at connections')]);
  expect(state.changes).toBe(1);
  Object.assign(state, { malformed: false, version: 100 });
  await feed.refresh();
  expect(feed.version).toBe(100);
  expect(codeOf(() => feed.confirmForInjection())).toBe('passes');
});

test('a policy takes over together with the sealed credentials of its connections', async () => {
  const state = setUp();
  expect(feed.sealedOf(connection('gh', 'api.a.test'))).toBeNull();
  await feed.refresh();
  expect(feed.sealedOf(connection('gh', 'api.a.test'))).toEqual(new Uint8Array([1]));
  state.version = 2;
  await feed.refresh();
  expect(feed.sealedOf(connection('gh', 'api.a.test'))).toEqual(new Uint8Array([2]));
  expect(feed.sealedOf(connection('other', 'api.a.test'))).toBeNull();
});
