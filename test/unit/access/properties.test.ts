import fc from 'fast-check';
import { decide, explain } from '../../../access/decide.ts';
import type { Decision, JudgedRequest } from '../../../access/decision.ts';
import type { AccessDocument, Connection, DomainEntry, Guardrail } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { matchesHost, parseHostName } from '../../../access/host-name.ts';
import { matchesPath } from '../../../access/path-match.ts';
import { compareReach } from '../../../access/reach.ts';
import { decideTunnel } from '../../../access/tunnel.ts';
import { type ScopeKey, scopeChain } from '../../../contracts/scope.ts';
import { documentOf } from '../../support/access-document.ts';

/** Few values, so that rules and requests meet often. */
const host = fc.constantFrom('a.test', 'x.a.test', 'y.x.a.test', 'b.test');
const pattern = fc.constantFrom('a.test', 'x.a.test', '*.a.test', '*.x.a.test', 'b.test');
const port = fc.constantFrom(443, 8443);
const path = fc.constantFrom('/', '/v1', '/v1/x', '/v10', '/v1/a%2Fb', '/v1/..;/v2');
const match = {
  host: pattern,
  port,
  methods: fc.subarray(['GET', 'PUT', 'DELETE'], { maxLength: 2 }),
  paths: fc.subarray(['/v1', '/v1/x', '/v2'], { maxLength: 2 }),
  addresses: fc.constant([]),
  line: fc.constant(0),
};
const priority = fc.integer({ min: 0, max: 2 });
const scheme = fc.constantFrom('https' as const, 'http' as const);
const connections: fc.Arbitrary<Connection[]> = fc.uniqueArray(
  fc.record({
    id: fc.uuid(),
    preset: fc.constant(null),
    rules: fc.array(fc.record({ ...match, scheme, action: fc.constantFrom('inject', 'inject', 'forward', 'deny') }), {
      minLength: 1,
      maxLength: 3,
    }),
    credential: fc.constant({ kind: 'bearer' as const }),
    credentialVersion: fc.constant(1),
    ca: fc.constant(null),
    test: fc.constant(null),
    priority,
  }),
  { selector: ({ id }) => id, maxLength: 3 },
);
const domains: fc.Arbitrary<DomainEntry[]> = fc.array(
  fc.record({
    ...match,
    id: fc.uuid(),
    scheme,
    priority,
    transport: fc.constantFrom('intercept' as const, 'tunnel' as const),
    ownCredentials: fc.constantFrom('strip' as const, 'pass' as const),
  }),
  { maxLength: 3 },
);
const guardrails: fc.Arbitrary<Guardrail[]> = fc.array(
  fc.record({
    id: fc.uuid(),
    host: fc.oneof(pattern, fc.constant('*')),
    port: fc.option(port),
    methods: match.methods,
    paths: match.paths,
    line: match.line,
    reason: fc.constant(''),
  }),
  { maxLength: 1 },
);
const attached = fc.record({ connections, domains });
const document: fc.Arbitrary<AccessDocument> = fc
  .tuple(fc.record({ organization: attached, 'workspace:T1': attached, 'channel:T1:C1': attached }), guardrails)
  .map(([scopes, guards]) => documentOf(scopes, guards));
const request: fc.Arbitrary<JudgedRequest> = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'DELETE', 'get'),
  scheme: fc.constantFrom('https' as const, 'https' as const, 'http' as const),
  host,
  port,
  path,
});
const scope = fc.constantFrom<ScopeKey>(
  'channel:T1:C1',
  'channel:T1:C2',
  'workspace:T1',
  'organization',
  'person:T1:U1',
);

function judge(access: AccessDocument, asked: JudgedRequest, where: ScopeKey): Decision {
  return decide(asked, effectiveAccess(access, where));
}

function holds(claim: (access: AccessDocument, asked: JudgedRequest, where: ScopeKey) => void): void {
  fc.assert(fc.property(document, request, scope, claim), { numRuns: 3_000 });
}

test('a credential is attached by https only, and only on a host, port, method and path of its connection', () => {
  holds((access, asked, where) => {
    const decision = judge(access, asked, where);
    if (decision.outcome !== 'injected') return;
    const { match, connection } = decision.rule;
    expect(connection.rules).toContain(match);
    expect(match.action).toBe('inject');
    expect(asked.scheme).toBe('https');
    expect(match.scheme).toBe('https');
    expect(matchesHost(match.host, asked.host)).toBe(true);
    expect(match.port).toBe(asked.port);
    expect(match.methods.length === 0 || match.methods.includes(asked.method)).toBe(true);
    expect(matchesPath(match.paths, asked.path)).toBe(true);
  });
});

test('what decides comes from a scope of the chain, and nothing of it from outside a person', () => {
  holds((access, asked, where) => {
    const decision = judge(access, asked, where);
    if (decision.outcome === 'blocked') return;
    expect(scopeChain(where)).toContain(decision.rule.origin.scope);
  });
});

test('a guardrail that matches blocks, whatever else is attached', () => {
  holds((access, asked, where) => {
    const deny: Guardrail = { id: 'deny', host: asked.host, port: null, methods: [], paths: [], line: 0, reason: '' };
    const guarded = judge({ ...access, guardrails: [deny] }, asked, where);
    expect(guarded).toMatchObject({ outcome: 'blocked', code: 'guardrail' });
  });
});

test('guardrails only take away: without them the decision is the same or the request passes', () => {
  holds((access, asked, where) => {
    const decision = judge(access, asked, where);
    const free = judge({ ...access, guardrails: [] }, asked, where);
    if (decision.outcome === 'blocked' && decision.code === 'guardrail') return;
    expect(free.outcome).toBe(decision.outcome);
  });
});

test('the decision of a narrower scope never changes with what is attached more broadly', () => {
  holds((access, asked) => {
    const alone = { ...access, scopes: access.scopes.filter(({ scope }) => scope === 'channel:T1:C1') };
    const narrow = judge(alone, asked, 'channel:T1:C1');
    const whole = judge(access, asked, 'channel:T1:C1');
    if (narrow.outcome === 'blocked') return;
    expect(whole).toMatchObject({ outcome: narrow.outcome, rule: narrow.rule });
  });
});

test('a connection is never used where a narrower scope has another for the same host and port', () => {
  holds((access, asked, where) => {
    const effective = effectiveAccess(access, where);
    const decision = decide(asked, effective);
    if (decision.outcome !== 'injected') return;
    const chain = scopeChain(where);
    const depth = chain.indexOf(decision.rule.origin.scope);
    const narrower = effective.rules.filter(
      (rule) =>
        rule.from === 'connection' &&
        matchesHost(rule.match.host, asked.host) &&
        rule.match.port === asked.port &&
        chain.indexOf(rule.origin.scope) < depth,
    );
    expect(narrower).toEqual([]);
  });
});

test('the same request is decided the same way, in whatever order bundles and scopes are listed', () => {
  holds((access, asked, where) => {
    const shuffled = { ...access, scopes: access.scopes.toReversed(), bundles: access.bundles.toReversed() };
    expect(judge(shuffled, asked, where)).toEqual(judge(access, asked, where));
  });
});

test('the walk names every rule up to the one that decides, and that one last', () => {
  holds((access, asked, where) => {
    const effective = effectiveAccess(access, where);
    const decision = explain(asked, effective);
    const matched = decision.walk.filter(({ result }) => result === 'matched');
    const all = effective.guardrails.length + effective.rules.length;
    if (matched.length === 0) expect(decision.walk).toHaveLength(all);
    else expect(decision.walk.at(-1)).toBe(matched[0]);
    expect(matched.length).toBeLessThanOrEqual(1);
  });
});

test('a blind tunnel is never dug where a connection or a guardrail has a say', () => {
  holds((access, asked, where) => {
    const effective = effectiveAccess(access, where);
    const tunnel = decideTunnel(asked.host, asked.port, effective);
    if (tunnel === null) return;
    expect(tunnel.connectionHost).toBe(false);
    expect(
      effective.guardrails.some(
        (guard) => matchesHost(guard.host, asked.host) && (guard.port ?? asked.port) === asked.port,
      ),
    ).toBe(false);
  });
});

test('whatever a change lets through is announced as a gain of its scope', () => {
  fc.assert(
    fc.property(
      document,
      document,
      request,
      fc.constantFrom<ScopeKey>('channel:T1:C1', 'organization'),
      (a, b, asked, where) => {
        const opened = judge(a, asked, where).outcome === 'blocked' && judge(b, asked, where).outcome !== 'blocked';
        const gained = compareReach(a, b).find((each) => each.scope === where)?.gained ?? [];
        if (opened) expect(gained).not.toEqual([]);
      },
    ),
    { numRuns: 3_000 },
  );
});

/** What one document attaches where; a second one of the same rules is a change of it, as people make them. */
const placing = fc.record({
  priority,
  /** Of the rules, in their order. */
  rules: fc.shuffledSubarray([0, 1, 2], { minLength: 1 }),
  scopes: fc.subarray<ScopeKey>(['organization', 'workspace:T1', 'channel:T1:C1']),
});
const placings = fc.tuple(placing, placing, placing);
const sources = fc.record({
  rules: fc.array(fc.record({ ...match, scheme, action: fc.constantFrom('inject', 'inject', 'forward', 'deny') }), {
    minLength: 9,
    maxLength: 9,
  }),
  domains: fc.array(fc.record({ ...match, scheme }), { minLength: 3, maxLength: 3 }),
  guards: fc.tuple(guardrails, guardrails),
});

function placed(
  { rules, domains: entries }: { rules: Connection['rules']; domains: readonly DomainEntry[] },
  where: readonly (typeof placing extends fc.Arbitrary<infer Placing> ? Placing : never)[],
  entriesWhere: typeof where,
  guards: readonly Guardrail[],
): AccessDocument {
  const made = where.map((place, index) => ({
    ...{
      id: `c${index}`,
      preset: null,
      credential: { kind: 'bearer' as const },
      credentialVersion: 1,
      ca: null,
      test: null,
    },
    priority: place.priority,
    rules: place.rules.flatMap((each) => rules.slice(index * 3 + each, index * 3 + each + 1)),
  }));
  const scopes: readonly ScopeKey[] = ['organization', 'workspace:T1', 'channel:T1:C1'];
  const attachedTo = (key: ScopeKey) => ({
    connections: made.filter((_, index) => where[index]?.scopes.includes(key)),
    domains: entriesWhere.flatMap((place, index) =>
      place.scopes.includes(key)
        ? entries.slice(index, index + 1).map((each) => ({ ...each, priority: place.priority }))
        : [],
    ),
  });
  return documentOf(Object.fromEntries(scopes.map((key) => [key, attachedTo(key)])), guards);
}

test('the same holds for changes of where rules are attached, of their order and of their priorities', () => {
  fc.assert(
    fc.property(
      sources,
      fc.tuple(placings, placings),
      fc.tuple(placings, placings),
      request,
      fc.constantFrom<ScopeKey>('channel:T1:C1', 'organization'),
      (given, [before, after], [entriesBefore, entriesAfter], asked, where) => {
        const domains = given.domains.map((each, index) => ({
          ...each,
          ...{ id: `d${index}`, priority: 0, transport: 'intercept' as const, ownCredentials: 'strip' as const },
        }));
        const parts = { rules: given.rules, domains };
        const a = placed(parts, before, entriesBefore, given.guards[0]);
        const b = placed(parts, after, entriesAfter, given.guards[1]);
        const opened = judge(a, asked, where).outcome === 'blocked' && judge(b, asked, where).outcome !== 'blocked';
        const gained = compareReach(a, b).find((each) => each.scope === where)?.gained ?? [];
        if (opened) expect(gained).not.toEqual([]);
      },
    ),
    { numRuns: 3_000 },
  );
});

test('whatever a host is read as, it is read as itself again, in letters that no two parsers differ in', () => {
  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[A-Za-z0-9_.-]{1,30}$/));
  fc.assert(
    fc.property(text, (name) => {
      const parsed = parseHostName(name);
      if (!('host' in parsed)) return;
      expect(parseHostName(parsed.host)).toEqual(parsed);
      expect(parsed.host).toMatch(/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/);
    }),
    { numRuns: 2_000 },
  );
});
