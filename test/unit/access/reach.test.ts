import type { AccessDocument } from '../../../access/document.ts';
import { compareReach, type ReachItem } from '../../../access/reach.ts';
import { type AttachedRules, connection, documentOf, domain, guardrail, rule } from '../../support/access-document.ts';

const CHANNEL = 'channel:T1:C1';

function withChannel(rules: AttachedRules, ...guardrails: Parameters<typeof documentOf>[1][]): AccessDocument {
  return documentOf(
    { organization: {}, [CHANNEL]: rules },
    guardrails.flat().filter((each) => each !== undefined),
  );
}

function reach(before: AccessDocument, after: AccessDocument) {
  const found = compareReach(before, after).find(({ scope }) => scope === CHANNEL);
  const texts = (items: readonly ReachItem[] = []) => items.map(({ what }) => what);
  return { gained: texts(found?.gained), lost: texts(found?.lost) };
}

test('a new rule is a gain, with its line and origin', () => {
  const after = withChannel({ connections: [connection('api', 'api.a.test', { methods: ['GET'], line: 12 })] });
  expect(compareReach(withChannel({}), after)).toEqual([
    {
      scope: CHANNEL,
      label: CHANNEL,
      gained: [
        { what: 'GET https://api.a.test with api (bearer)', origin: `bundle of ${CHANNEL} ← ${CHANNEL}`, line: 12 },
      ],
      lost: [],
    },
  ]);
});

test('group messages that are switched on gain what workspace and organization have', () => {
  const before = documentOf({ organization: { domains: [domain('docs.a.test')] }, 'workspace:T1': {} });
  const scopes = before.scopes.map((each) => ({ ...each, groupMessages: 'workspace' as const }));
  const found = compareReach(before, { ...before, scopes });
  expect(found.map(({ label, gained }) => [label, gained.map(({ what }) => what)])).toEqual([
    ['group messages of T1', ['every method https://docs.a.test']],
    ['group messages', ['every method https://docs.a.test']],
  ]);
});

test('what a broader rule covered before is no gain, and a broader rule is one', () => {
  const narrow = withChannel({ domains: [domain('x.a.test', { methods: ['GET'], paths: ['/v1/x'] })] });
  const broad = withChannel({ domains: [domain('*.a.test', { methods: ['GET', 'PUT'], paths: ['/v1'] })] });
  expect(reach(broad, narrow)).toEqual({ gained: [], lost: ['GET, PUT https://*.a.test/v1'] });
  expect(reach(narrow, broad)).toEqual({ gained: ['GET, PUT https://*.a.test/v1'], lost: [] });
});

test('a credential where there was none is a gain', () => {
  const bare = withChannel({ domains: [domain('a.test')] });
  const keyed = withChannel({ connections: [connection('key', 'a.test')] });
  expect(reach(bare, keyed).gained).toEqual(['every method https://a.test with key (bearer)']);
});

test('a denial that is gone is a gain', () => {
  const rules = [rule('deny', 'a.test', { paths: ['/export'] }), rule('inject', 'a.test')];
  const before = withChannel({ connections: [connection('crm', 'a.test', { rules })] }, [guardrail('no-b', 'b.test')]);
  const after = withChannel({ connections: [connection('crm', 'a.test', { rules: rules.slice(1) })] });
  expect(reach(before, after).gained).toEqual([
    'no longer: every method https://a.test/export denied by crm',
    'no longer: every method b.test denied by no-b',
  ]);
  expect(reach(after, before).lost).toHaveLength(2);
});

test('a denial that goes with its connection is no gain where nothing reaches its host, and one where something does', () => {
  const rules = [rule('deny', 'a.test', { paths: ['/export'], line: 36 }), rule('inject', 'a.test')];
  const others = { domains: [domain('b.test')] };
  const before = withChannel({ ...others, connections: [connection('crm', 'a.test', { rules })] });
  expect(reach(before, withChannel(others)).gained).toEqual([]);

  const open = withChannel({ domains: [domain('b.test'), domain('a.test', { line: 3 })] });
  const found = compareReach(before, open).find(({ scope }) => scope === CHANNEL);
  expect(found?.gained.map(({ what, line }) => [what, line])).toEqual([
    ['every method https://a.test', 3],
    // It stood in line 36 of another file.
    ['no longer: every method https://a.test/export denied by crm', 0],
  ]);
});

test('the order in which a database gives the fields of a credential back changes nothing', () => {
  const use = { kind: 'github-app', appId: '1', installationId: '2', apiUrl: 'https://api.a.test' } as const;
  const turned = Object.fromEntries(Object.entries(use).reverse()) as unknown as typeof use;
  const of = (credential: typeof use) =>
    withChannel({ connections: [{ ...connection('git', 'api.a.test'), credential }] });
  expect(compareReach(of(use), of(turned))).toEqual([]);
});

test("a forge's connection that becomes an ordinary one is a gain: its rules alone decide from then on", () => {
  const git = connection('git', 'git.a.test');
  const gated = withChannel({ connections: [{ ...git, forge: 'gitea' }] });
  const open = withChannel({ connections: [git] });
  expect(reach(gated, open)).toEqual({
    gained: ['no longer: whatever its repositories do not grant denied by git'],
    lost: [],
  });
  expect(reach(open, gated)).toEqual({
    gained: [],
    lost: ['from now on: whatever its repositories do not grant denied by git'],
  });
});

test('a new connection to a forge says that it is as wide as the repositories that are granted, and forbids nothing that was', () => {
  const bare = withChannel({ domains: [domain('b.test')] });
  const forge = withChannel({
    domains: [domain('b.test')],
    connections: [{ ...connection('git', 'git.a.test'), forge: 'gitea' }],
  });
  expect(reach(bare, forge)).toEqual({
    gained: ['every method https://git.a.test, as far as repositories are granted, with git (bearer)'],
    lost: [],
  });
});

test('a scope that is switched on gains all it has', () => {
  const rules = { domains: [domain('a.test')] };
  expect(reach(withChannel({ ...rules, enabled: false }), withChannel(rules)).gained).toEqual([
    'every method https://a.test',
  ]);
});

test('a broader connection that a narrower one hid is a gain when the narrower one goes', () => {
  const organization = { connections: [connection('broad', 'a.test')] };
  const hidden = documentOf({
    organization,
    [CHANNEL]: { connections: [connection('near', 'a.test', { methods: ['GET'] })] },
  });
  const open = documentOf({ organization, [CHANNEL]: {} });
  expect(reach(hidden, open)).toEqual({
    gained: ['every method https://a.test with broad (bearer)'],
    lost: ['GET https://a.test with near (bearer)'],
  });
});

test('scopes that gain come first', () => {
  const before = documentOf({
    organization: {},
    'channel:T1:C1': { domains: [domain('a.test')] },
    'channel:T1:C2': {},
  });
  const after = documentOf({ organization: {}, 'channel:T1:C1': {}, 'channel:T1:C2': { domains: [domain('a.test')] } });
  expect(compareReach(before, after).map(({ scope }) => scope)).toEqual(['channel:T1:C2', 'channel:T1:C1']);
});

test('a wildcard where one name was is a gain, whatever the name is', () => {
  const one = withChannel({ domains: [domain('x.a.test')] });
  expect(reach(one, withChannel({ domains: [domain('*.a.test')] })).gained).toEqual(['every method https://*.a.test']);
});

test('another priority, another order of rules and a denial that moves to a broader scope are gains', () => {
  const weak = connection('weak', 'a.test', { methods: ['GET'], priority: 2 });
  const strong = connection('strong', 'a.test');
  const before = withChannel({ connections: [weak, strong] });
  const after = withChannel({
    connections: [
      { ...weak, priority: 0 },
      { ...strong, priority: 2 },
    ],
  });
  expect(reach(before, after).gained).toEqual([
    'every method https://a.test with strong (bearer), where GET https://a.test with weak (bearer) decided before',
  ]);

  const rules = [rule('forward', 'a.test', { methods: ['GET'] }), rule('inject', 'a.test')];
  const forwarded = withChannel({ connections: [connection('c', 'a.test', { rules })] });
  const injected = withChannel({ connections: [connection('c', 'a.test', { rules: rules.toReversed() })] });
  expect(reach(forwarded, injected).gained).toEqual([
    'every method https://a.test with c (bearer), where GET https://a.test decided before',
  ]);

  const denying = connection('no', 'b.test', { rules: [rule('deny', 'b.test', { paths: ['/x'] })] });
  const open = { domains: [domain('b.test')] };
  const near = documentOf({ organization: {}, [CHANNEL]: { ...open, connections: [denying] } });
  const far = documentOf({ organization: { connections: [denying] }, [CHANNEL]: open });
  expect(reach(near, far).gained).toEqual([
    'every method https://b.test, where every method https://b.test/x denied by no decided before',
  ]);
});

test('a broader credential that takes over from a nearer rule is a gain', () => {
  const organization = { connections: [connection('broad', '*.a.test')] };
  const before = documentOf({ organization, [CHANNEL]: { connections: [connection('near', 'x.a.test')] } });
  const after = documentOf({ organization, [CHANNEL]: {} });
  expect(reach(before, after).gained).toEqual([
    'every method https://*.a.test with broad (bearer), where every method https://x.a.test with near (bearer) decided before',
  ]);
});

test('a connection that goes to the scope of another one hides it no longer, which is a gain', () => {
  const near = connection('near', 'x.a.test', { methods: ['GET'] });
  const wide = connection('wide', '*.a.test');
  const apart = documentOf({ organization: { connections: [wide] }, [CHANNEL]: { connections: [near] } });
  const together = documentOf({ organization: { connections: [{ ...near, priority: 1 }, wide] }, [CHANNEL]: {} });
  expect(reach(apart, together).gained).toEqual([
    'every method https://*.a.test with wide (bearer), where GET https://x.a.test with near (bearer) decided before',
  ]);
});

test('a narrower rule that comes before a denial is a gain, although a broader one behind the denial covers it', () => {
  const denying = connection('no', 'x.a.test', { rules: [rule('deny', 'x.a.test', { methods: ['PUT'] })] });
  const organization = { connections: [denying], domains: [domain('*.a.test')] };
  const before = documentOf({ organization, [CHANNEL]: {} });
  const after = documentOf({ organization, [CHANNEL]: { domains: [domain('x.a.test')] } });
  expect(reach(before, after).gained).toEqual([
    'every method https://x.a.test, where PUT https://x.a.test denied by no decided before',
  ]);
});

test('a denial that is replaced by a broader one behind what it denied is a gain', () => {
  const denial = (paths: string[]) => connection('no', 'a.test', { rules: [rule('deny', 'a.test', { paths })] });
  const open = { domains: [domain('a.test')] };
  const before = documentOf({ organization: {}, [CHANNEL]: { ...open, connections: [denial(['/x'])] } });
  const after = documentOf({ organization: { connections: [denial([])] }, [CHANNEL]: open });
  expect(reach(before, after).gained).toEqual([
    'every method https://a.test, where every method https://a.test/x denied by no decided before',
  ]);
});

test('own credentials that pass, a blind tunnel and other scopes of a token are gains', () => {
  const plain = withChannel({ domains: [domain('a.test')] });
  const passing = withChannel({ domains: [domain('a.test', { ownCredentials: 'pass' })] });
  expect(reach(plain, passing).gained).toEqual(['every method https://a.test, own credentials: pass']);
  const tunnel = withChannel({ domains: [domain('a.test', { transport: 'tunnel' })] });
  expect(reach(plain, tunnel).gained).toEqual(['every method https://a.test as a blind tunnel']);
  const gcp = (scope: string) => ({ kind: 'gcp', scopes: [scope], audience: null }) as const;
  const token = (scope: string) =>
    withChannel({ connections: [connection('g', 'a.test', { credential: gcp(scope) })] });
  expect(reach(token('read'), token('all')).gained).toEqual(['every method https://a.test with g (gcp, scopes: all)']);
});
