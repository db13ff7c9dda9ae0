import fc from 'fast-check';
import { stringify } from 'yaml';
import { decide } from '../../../access/decide.ts';
import type { Decision, JudgedRequest } from '../../../access/decision.ts';
import type { AccessDocument } from '../../../access/document.ts';
import { effectiveAccess, indexAccess } from '../../../access/effective-access.ts';
import { matchesHost } from '../../../access/host-name.ts';
import { decideTunnel } from '../../../access/tunnel.ts';
import type { ScopeKey } from '../../../contracts/scope.ts';
import { bundle, documentOf, rule } from '../../support/access-document.ts';
import { fileOf } from '../../support/access-yaml.ts';

const CHANNEL = 'channel:T1:C1';
const SCOPES: readonly ScopeKey[] = [CHANNEL, 'channel:T1:C2', 'workspace:T1', 'organization', 'person:T1:U1'];

/** Few values, so that rules and requests meet often. */
const pattern = fc.constantFrom('a.test', 'x.a.test', '*.a.test', '*.x.a.test', 'b.test');
const port = fc.constantFrom(443, 8443);
const match = {
  port,
  methods: fc.subarray(['GET', 'PUT', 'DELETE'], { maxLength: 2 }),
  paths: fc.subarray(['/v1', '/v1/x', '/v2'], { maxLength: 2 }),
};
const rules = fc.array(
  fc
    .tuple(
      fc.constantFrom('inject' as const, 'inject' as const, 'forward' as const, 'deny' as const),
      pattern,
      fc.record(match),
    )
    .map(([action, host, rest]) => rule(action, host, rest)),
  { minLength: 1, maxLength: 3 },
);
const priority = fc.integer({ min: 0, max: 1 });
const connection = fc.record({ id: fc.constantFrom('c1', 'c2', 'c3', 'c4'), rules, priority }).map((each) => ({
  preset: null,
  credential: { kind: 'bearer' } as const,
  credentialVersion: 1,
  ca: null,
  test: null,
  ...each,
}));
const connections = fc.uniqueArray(connection, { selector: ({ id }) => id, maxLength: 4 });
const domain = fc.record({
  ...match,
  id: fc.uuid(),
  host: pattern,
  scheme: fc.constantFrom('https' as const, 'http' as const),
  addresses: fc.constant([]),
  line: fc.constant(0),
  transport: fc.constantFrom('intercept' as const, 'tunnel' as const),
  ownCredentials: fc.constantFrom('strip' as const, 'pass' as const),
  priority,
});
/** Four bundles. They may share connections. */
const bundles = fc.tuple(
  ...['b1', 'b2', 'b3', 'b4'].map((id) =>
    fc
      .record({ connections: fc.subarray(['c1', 'c2', 'c3', 'c4']), domains: fc.array(domain, { maxLength: 2 }) })
      .map((content) => bundle(id, content)),
  ),
);
const names = fc.shuffledSubarray(['b1', 'b2', 'b3', 'b4']);
const guardrail = fc.record({
  id: fc.constant('g'),
  host: fc.oneof(pattern, fc.constant('*')),
  port: fc.option(port),
  methods: match.methods,
  paths: match.paths,
  line: fc.constant(0),
  reason: fc.constant(''),
});
const enabled = fc.constantFrom(null, null, null, true, false);

const document: fc.Arbitrary<AccessDocument> = fc
  .record({
    connections,
    bundles,
    guardrails: fc.array(guardrail, { maxLength: 2 }),
    attached: fc.record({ organization: names, 'workspace:T1': names, [CHANNEL]: names }),
    enabled: fc.record({ organization: enabled, 'workspace:T1': enabled, [CHANNEL]: enabled }),
  })
  .map(({ attached, enabled, ...rest }) => ({
    ...documentOf({}),
    ...rest,
    scopes: (Object.keys(attached) as (keyof typeof attached)[]).map((scope) => ({
      scope,
      label: scope,
      enabled: enabled[scope] ?? null,
      bundles: attached[scope] ?? [],
      instructions: '',
    })),
  }));

const request: fc.Arbitrary<JudgedRequest> = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'DELETE', 'get'),
  scheme: fc.constantFrom('https' as const, 'https' as const, 'http' as const),
  host: fc.constantFrom('a.test', 'x.a.test', 'y.x.a.test', 'b.test'),
  port,
  path: fc.constantFrom('/', '/v1', '/v1/x', '/v10', '/v1/a%2Fb', '/v1/..;/v2'),
});

function judge(access: AccessDocument, asked: JudgedRequest, where: ScopeKey): Decision {
  return decide(asked, effectiveAccess(access, where));
}

/** The same document with other bundles on the channel. */
function withChannel(access: AccessDocument, attached: readonly string[]): AccessDocument {
  const scopes = access.scopes.map((each) => (each.scope === CHANNEL ? { ...each, bundles: attached } : each));
  return { ...access, scopes };
}

test('a prepared document decides as a fresh one, on every request and tunnel', () => {
  fc.assert(
    fc.property(document, fc.array(request, { minLength: 1, maxLength: 5 }), (access, requests) => {
      const index = indexAccess(access);
      for (const asked of requests) {
        for (const scope of SCOPES) {
          const [fresh, prepared] = [effectiveAccess(access, scope), index.accessTo(asked.host, scope)];
          expect(decide(asked, prepared)).toEqual(decide(asked, fresh));
          expect(decideTunnel(asked.host, asked.port, prepared)).toEqual(decideTunnel(asked.host, asked.port, fresh));
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('the order in which bundles are attached makes no difference', () => {
  fc.assert(
    fc.property(document, names, request, (access, attached, asked) => {
      const sorted = judge(withChannel(access, attached.toSorted()), asked, CHANNEL);
      expect(judge(withChannel(access, attached), asked, CHANNEL)).toEqual(sorted);
    }),
    { numRuns: 2_000 },
  );
});

test('one bundle more takes nothing away, except by a deny or where it brings a connection of its own', () => {
  fc.assert(
    fc.property(document, names, fc.constantFrom('b1', 'b2', 'b3', 'b4'), request, (access, attached, added, asked) => {
      const before = judge(withChannel(access, attached), asked, CHANNEL);
      const more = withChannel(access, [...new Set([...attached, added])]);
      const after = judge(more, asked, CHANNEL);
      if (before.outcome === 'blocked' || after.outcome !== 'blocked') return;
      if (after.code === 'connection_denied') return;
      // A connection of a broader scope is not asked where the channel has one for the same host and port.
      const { rule: decided } = before;
      expect(decided.from).toBe('connection');
      expect(decided.origin.scope).not.toBe(CHANNEL);
      const own = effectiveAccess(more, CHANNEL).rules.filter(
        ({ from, match, origin }) =>
          from === 'connection' &&
          origin.scope === CHANNEL &&
          match.port === asked.port &&
          matchesHost(match.host, asked.host),
      );
      expect(own).not.toEqual([]);
    }),
    { numRuns: 3_000 },
  );
});

test('the short form and the long form decide alike', () => {
  const fields = fc.record(
    {
      host: pattern,
      port,
      methods: fc.oneof(fc.constant('read'), fc.subarray(['GET', 'PUT', 'DELETE'], { minLength: 1 })),
      paths: fc.subarray(['/v1', '/v1/x', '/v2'], { minLength: 1 }),
    },
    { requiredKeys: ['host'] },
  );
  const documentFrom = (content: object): AccessDocument => {
    const api = { ...content, credential: { kind: 'bearer', fromEnv: 'X' } };
    const file = fileOf(stringify({ bundles: { b: { connections: ['api'] } }, connections: { api } }));
    const read = file.connections.map(({ source: _source, caFile: _caFile, line: _line, ...each }) => ({
      ...each,
      ca: null,
      credentialVersion: 1,
      rules: each.rules.map((one) => ({ ...one, line: 0 })),
    }));
    return documentOf({ [CHANNEL]: { connections: read } });
  };
  fc.assert(
    fc.property(fields, fc.array(request, { minLength: 1, maxLength: 10 }), ({ host, port, ...rest }, requests) => {
      const short = documentFrom({ host, ...(port && { port }), ...rest });
      const long = documentFrom({ rules: [{ inject: host, ...(port && { ports: [port] }), ...rest }] });
      for (const asked of requests) expect(judge(short, asked, CHANNEL)).toEqual(judge(long, asked, CHANNEL));
    }),
    { numRuns: 300 },
  );
});
