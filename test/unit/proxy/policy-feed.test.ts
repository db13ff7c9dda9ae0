import { EMPTY_DOCUMENT } from '../../../access/document.ts';
import type { PolicyFeed } from '../../../proxy/policy/policy-feed.ts';
import { startPolicyFeed } from '../../../proxy/policy/policy-feed.ts';

let feed: PolicyFeed;
afterEach(() => feed.stop());

function setUp() {
  const state = { now: 1_000_000, version: 1, away: false, changes: 0, loads: 0 };
  feed = startPolicyFeed({
    load: async () => {
      state.loads += 1;
      if (state.away) throw new Error('away');
      return { ...EMPTY_DOCUMENT, version: state.version };
    },
    clock: { now: () => state.now },
    onChange: () => (state.changes += 1),
    onError: () => {},
    pollMs: 1_000_000,
  });
  return state;
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
  expect(codeOf(() => feed.accessOf('organization'))).toBe('policy_not_loaded');
  await feed.refresh();
  expect(codeOf(() => feed.accessOf('organization'))).toBe('policy_not_loaded');
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
  expect(codeOf(() => feed.accessOf('organization'))).toBe('passes');
  state.now += 600_000 - 30_000;
  expect(codeOf(() => feed.accessOf('organization'))).toBe('policy_stale');
  state.away = false;
  await feed.refresh();
  expect(codeOf(() => feed.accessOf('organization'))).toBe('passes');
  expect(codeOf(() => feed.confirmForInjection())).toBe('passes');
});

test('a change is told once, and effective access is computed anew', async () => {
  const state = setUp();
  await feed.refresh();
  const before = feed.accessOf('organization');
  expect(feed.accessOf('organization')).toBe(before);
  await feed.refresh();
  expect(state.changes).toBe(1);
  state.version = 2;
  await feed.refresh();
  expect(state.changes).toBe(2);
  expect(feed.accessOf('organization').policyVersion).toBe(2);
});

test('a notification during a question makes it ask once more', async () => {
  const state = setUp();
  const first = feed.refresh();
  void feed.refresh();
  void feed.refresh();
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  expect(state.loads).toBe(2);
});
