import fc from 'fast-check';
import { decide } from '../../../access/decide.ts';
import type { Decision, JudgedRequest } from '../../../access/decision.ts';
import type { AccessDocument, Connection, DomainEntry, Guardrail } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { matchesHost, parseHostName } from '../../../access/host-name.ts';
import { canonicalPath, coversPath, matchesPath, mayMatchPath } from '../../../access/path-match.ts';
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
  priority: fc.integer({ min: 0, max: 2 }),
};
const connections: fc.Arbitrary<Connection[]> = fc.uniqueArray(
  fc.record({
    ...match,
    id: fc.uuid(),
    scheme: fc.constantFrom('https' as const, 'http' as const),
    kind: fc.constant('bearer' as const),
    header: fc.constant(null),
    prefix: fc.constant(''),
    credentialVersion: fc.constant(1),
  }),
  { selector: ({ id }) => id, maxLength: 3 },
);
const domains: fc.Arbitrary<DomainEntry[]> = fc.array(
  fc.record({
    ...match,
    id: fc.uuid(),
    scheme: fc.constantFrom('https' as const, 'http' as const),
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
    const { connection } = decision.rule;
    expect(asked.scheme).toBe('https');
    expect(connection.scheme).toBe('https');
    expect(matchesHost(connection.host, asked.host)).toBe(true);
    expect(connection.port).toBe(asked.port);
    expect(connection.methods.length === 0 || connection.methods.includes(asked.method)).toBe(true);
    expect(matchesPath(connection.paths, asked.path)).toBe(true);
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
    const deny: Guardrail = { id: 'deny', host: asked.host, port: null, methods: [], paths: [], reason: '' };
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
        rule.action === 'inject' &&
        matchesHost(rule.connection.host, asked.host) &&
        rule.connection.port === asked.port &&
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
    const decision = judge(access, asked, where);
    const effective = effectiveAccess(access, where);
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

test('a path is in its canonical form after one reading', () => {
  const segment = fc.constantFrom('a', '..', '.', '', '%2e%2E', '%2f', '%41', 'b;c', '..;', '%5c', '%252e', '"', '~');
  const raw = fc.array(segment, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`);
  fc.assert(
    fc.property(raw, (text) => {
      const first = canonicalPath(text);
      if (!('path' in first)) throw new Error(first.refused);
      expect(canonicalPath(first.path)).toEqual(first);
      expect(first.path).not.toMatch(/\/\/|\/\.{1,2}(?:\/|$)/);
    }),
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

/** Paths as a hostile client writes them, in their canonical form. */
const hostilePath = fc
  .array(
    fc.constantFrom(
      ...[
        '/',
        '//',
        '.',
        '..',
        '%2e',
        '%2F',
        '%5c',
        '%25',
        '%252e',
        '%252f',
        '%25252f',
        ';',
        '%3b',
        '%253B',
        '..;',
        '.;',
      ],
      ...[
        'a',
        'v1',
        '%61',
        '%2561',
        '%00',
        '%3F',
        '%23',
        '%c0%af',
        '%c0%ae',
        '%e0%80%ae',
        '%e0%80%af',
        '%20',
        '~',
        ':',
      ],
    ),
    { minLength: 1, maxLength: 7 },
  )
  .chain((parts) => fc.constantFrom('/', '/v1/', '/a').map((start) => canonicalPath(start + parts.join(''))))
  .filter((parsed) => 'path' in parsed)
  .map((parsed) => ('path' in parsed ? parsed.path : ''));

/** What origins make of a path that they get. */
const ORIGINS: readonly ((path: string) => string)[] = (() => {
  const decoded = (path: string) =>
    path
      .replace(/%c0%a([ef])/gi, (_, low: string) => (/e/i.test(low) ? '.' : '/'))
      .replace(/%e0%80%a([ef])/gi, (_, low: string) => (/e/i.test(low) ? '.' : '/'))
      .replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  const bare = (path: string) => path.replace(/;[^/]*/g, '');
  const slashes = (path: string) => path.replaceAll('\\', '/');
  const cut = (path: string) => path.replace(/\0.*$/s, '');
  const resolved = (path: string) => new URL(`http://h${path.replace(/[?#]/g, '_')}`).pathname.replace(/\/{2,}/g, '/');
  return [
    decoded,
    (path) => resolved(decoded(path)),
    (path) => resolved(decoded(decoded(path))),
    (path) => resolved(bare(decoded(path))),
    (path) => resolved(decoded(bare(path))),
    (path) => resolved(bare(decoded(decoded(path)))),
    (path) => resolved(slashes(decoded(path))),
    (path) => resolved(cut(decoded(path))),
    (path) => resolved(cut(bare(slashes(decoded(decoded(path)))))),
  ];
})();

test('whatever an origin makes of a path, it lies where the rule that let it through says', () => {
  fc.assert(
    fc.property(hostilePath, (asked) => {
      if (!matchesPath(['/v1'], asked)) return;
      for (const origin of ORIGINS) expect(coversPath('/v1', origin(asked))).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

test('whatever an origin makes of a path that a guardrail lets pass, it does not lie where that denies', () => {
  fc.assert(
    fc.property(hostilePath, (asked) => {
      if (mayMatchPath(['/a'], asked)) return;
      for (const origin of ORIGINS) expect(coversPath('/a', origin(asked))).toBe(false);
    }),
    { numRuns: 5_000 },
  );
});
