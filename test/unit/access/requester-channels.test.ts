import { decide } from '../../../access/decide.ts';
import type { AccessDocument } from '../../../access/document.ts';
import { effectiveAccess, indexAccess } from '../../../access/effective-access.ts';
import { parseAccessFile } from '../../../access/parse-file/parse-access-file.ts';
import type { HeldConnection } from '../../../access/personal-access.ts';
import { compareReach } from '../../../access/reach.ts';
import { documentOf as fileDocument, resolveFile } from '../../../access/resolve-file.ts';
import { runTests } from '../../../access/run-tests.ts';
import { whoCan } from '../../../access/who-can.ts';
import type { Principal, ScopeKey } from '../../../contracts/scope.ts';
import { fileOf, NOW, problemsIn } from '../../support/access-yaml.ts';

const ADA = 'person:T1:UADA';
const GRACE = 'person:T1:UGRACE';
const MINE: ScopeKey = 'channel:T1:CMINE';
const OURS: ScopeKey = 'channel:T1:COURS';
const HELD: readonly HeldConnection[] = [
  { connection: 'github', version: 7 },
  { connection: 'linear', version: 8 },
];
const ISSUES = 'https://api.github.com/repos/acme/shop/issues';
const LINEAR = 'https://api.linear.app/graphql';
const TEAM_API = 'https://api.acme.test/v1/signups';
const DOCS = 'https://docs.acme.test/guide';

const FILE = `organization: { bundles: [team] }
channels:
  "#mine": { identity: requester, personal: [github] }
  "#ours": {}
people: { offer: [github, linear] }
bundles:
  team: { connections: [team-api], domains: [docs.acme.test] }
connections:
  team-api: { host: api.acme.test, credential: { kind: bearer, fromEnv: TOKEN } }
guardrails:
  no-deletes: { host: "*", methods: [DELETE] }
`;

const CHANNELS = [
  { team: 'T1', id: 'CMINE', name: 'mine', seenAt: NOW },
  { team: 'T1', id: 'COURS', name: 'ours', seenAt: NOW },
];

function documentFor(text: string): AccessDocument {
  const file = fileOf(text);
  const resolved = resolveFile(file, CHANNELS);
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  const connections = file.connections.map(({ source: _s, caFile: _c, line: _l, ...each }) => ({
    ...each,
    credentialVersion: 1,
    ca: null,
  }));
  return fileDocument(file, resolved, { version: 1, connections, mirrors: {} });
}

const DOCUMENT = documentFor(FILE);
const ASKING = documentFor(FILE.replace('offer: [github, linear]', 'offer: [github, linear], in-channels: ask'));

function outcome(
  document: AccessDocument,
  scope: ScopeKey,
  held: readonly HeldConnection[],
  principal: Principal,
  url: string,
  method = 'GET',
) {
  const { hostname: host, pathname: path } = new URL(url);
  const request = { method, scheme: 'https', host, port: 443, path } as const;
  const whole = decide(request, effectiveAccess(document, scope, held, principal));
  expect(decide(request, indexAccess(document).accessTo(host, scope, held, principal))).toEqual(whole);
  return whole.outcome === 'blocked'
    ? whole.code
    : `${whole.outcome} by ${whole.rule.from === 'connection' ? whole.rule.connection.id : 'domain'}`;
}

const own = (held: readonly HeldConnection[], owner: ScopeKey) => held.map((each) => ({ ...each, owner }));

describe('a channel with identity: requester', () => {
  test.each([
    ['a person, with what the channel names', HELD, ADA, ISSUES, 'GET', 'injected by personal/github'],
    ['a person, with what it does not name', HELD, ADA, LINEAR, 'POST', 'not_allowed'],
    ["a person, with the organization's connection", HELD, ADA, TEAM_API, 'GET', 'not_allowed'],
    ['a person, with a host that needs no credential', HELD, ADA, DOCS, 'GET', 'forwarded by domain'],
    ['a person, against a guardrail', HELD, ADA, ISSUES, 'DELETE', 'guardrail'],
    ['a person who has connected nothing', [], ADA, ISSUES, 'GET', 'not_allowed'],
    ['a schedule, with what somebody holds', HELD, `agent@${MINE}`, ISSUES, 'GET', 'not_allowed'],
    ["a schedule, with the organization's connection", [], `agent@${MINE}`, TEAM_API, 'GET', 'not_allowed'],
    [
      'an agent, with what a person has allowed elsewhere',
      own(HELD, ADA),
      `agent@${MINE}`,
      ISSUES,
      'GET',
      'not_allowed',
    ],
    ['a person, with what another one holds', own(HELD, GRACE), ADA, ISSUES, 'GET', 'not_allowed'],
  ] as const)('%s', (_, held, principal, url, method, expected) => {
    for (const document of [DOCUMENT, ASKING]) {
      expect(outcome(document, MINE, held, principal as Principal, url, method)).toBe(expected);
    }
  });

  test('two people have the same rules there, each bound to their own credential', () => {
    const rulesOf = (principal: Principal) => effectiveAccess(DOCUMENT, MINE, HELD, principal).rules;
    const owners = (principal: Principal) =>
      new Set(rulesOf(principal).flatMap((rule) => (rule.from === 'connection' ? [rule.connection.owner] : [])));
    expect(owners(ADA)).toEqual(new Set([ADA]));
    expect(owners(GRACE)).toEqual(new Set([GRACE]));
    expect(rulesOf(ADA).map(({ match }) => match)).toEqual(rulesOf(GRACE).map(({ match }) => match));
  });

  test('a session that began as a person has neither side once the channel is an agent’s', () => {
    const agents = documentFor(FILE.replace('{ identity: requester, personal: [github] }', '{}'));
    expect(outcome(agents, MINE, HELD, ADA, ISSUES)).toBe('not_allowed');
    expect(outcome(agents, MINE, HELD, ADA, TEAM_API)).toBe('not_allowed');
  });
});

describe('a channel of an agent', () => {
  test.each([
    ['never: what a person has allowed is not used', DOCUMENT, own(HELD, ADA), `agent@${OURS}`, ISSUES, 'not_allowed'],
    ['ask: it is used', ASKING, own(HELD, ADA), `agent@${OURS}`, ISSUES, 'injected by personal/github'],
    ['ask: nothing without a word of a person', ASKING, HELD, `agent@${OURS}`, ISSUES, 'not_allowed'],
    ['ask: not by the agent of another channel', ASKING, own(HELD, ADA), `agent@${MINE}`, ISSUES, 'not_allowed'],
    ['ask: the channel keeps what it has', ASKING, own(HELD, ADA), `agent@${OURS}`, TEAM_API, 'injected by team-api'],
  ] as const)('%s', (_, document, held, principal, url, expected) => {
    expect(outcome(document, OURS, held, principal as Principal, url)).toBe(expected);
  });

  test('the same question of two people has the same decision', () => {
    for (const url of [ISSUES, LINEAR, TEAM_API, DOCS]) {
      for (const document of [DOCUMENT, ASKING]) {
        // Who asks is no part of it: neither has allowed anything.
        const [first, second] = [HELD, []].map((held) => outcome(document, OURS, held, `agent@${OURS}`, url));
        expect(first).toBe(second);
      }
    }
  });
});

test('plan announces a channel that becomes requester, and the asking, as gains', () => {
  const before = documentFor(FILE.replace('{ identity: requester, personal: [github] }', '{}'));
  const gains = compareReach(before, DOCUMENT)
    .find(({ scope }) => scope === MINE)
    ?.gained.map(({ what }) => what);
  expect(gains).toContain('sessions that act as the person who began them');
  expect(gains?.some((what) => what.includes('personal/github'))).toBe(true);
  const lost = compareReach(before, DOCUMENT)
    .find(({ scope }) => scope === MINE)
    ?.lost.map(({ what }) => what);
  expect(lost?.some((what) => what.includes('team-api'))).toBe(true);
  const asked = compareReach(DOCUMENT, ASKING)
    .find(({ scope }) => scope === OURS)
    ?.gained.map(({ what }) => what);
  expect(asked).toContain("a person's own github, once the person who began the turn has allowed it");
  const confirmed = documentFor(FILE.replace('personal: [github]', 'personal: [github], others: ask'));
  expect(compareReach(DOCUMENT, confirmed)[0]?.gained.map(({ what }) => what)).toEqual([
    "what others ask for in a person's thread, once that person has confirmed it",
  ]);
});

test('tests of the file and who-can judge a requester’s channel as somebody who has connected all of it', () => {
  const text = `${FILE}tests:
  - { from: "#mine", request: "GET ${ISSUES}", expect: injected by personal/github }
  - { from: "#mine", request: "GET ${TEAM_API}", expect: blocked }
  - { from: "#ours", request: "GET ${ISSUES}", expect: blocked }
  - { from: "#mine", push: acme/shop bellhop/fix, expect: injected by personal/github }
`;
  const parsed = parseAccessFile(text, NOW);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  const resolved = resolveFile(parsed.file, CHANNELS);
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  expect(runTests(resolved.tests, DOCUMENT).map(({ passed, reason }) => (passed ? 'passed' : reason))).toEqual([
    'passed',
    'passed',
    'passed',
    'passed',
  ]);
  expect(whoCan('api.github.com' as never, DOCUMENT).map(({ label }) => label)).toEqual(['#mine']);
});

test('each mistake in the file is told with its place', () => {
  const wrong = FILE.replace('"#ours": {}', '"#ours": { personal: [github], others: ask }')
    .replace('personal: [github] }', 'personal: [githb] }')
    .replace('organization: { bundles: [team] }', 'organization: { bundles: [team], identity: requester }');
  expect(problemsIn(wrong)).toEqual([
    'bellhop.yaml:1: organization.identity: belongs under a channel',
    'bellhop.yaml:3: channels.#mine.personal[0]: there is no offer under people githb (did you mean github?)',
    'bellhop.yaml:4: channels.#ours.others: is for a channel with identity: requester',
    'bellhop.yaml:4: channels.#ours.personal: is for a channel with identity: requester',
  ]);
  const odd = FILE.replace('personal: [github] }', 'personal: [github], bundles: [team] }').concat(
    'schedules:\n  daily: { channel: "#mine", cron: 0 9 * * *, timezone: Europe/Berlin, prompt: Look }\n',
  );
  expect(problemsIn(odd)).toEqual([
    'bellhop.yaml:3: channels.#mine.bundles[0]: team has connections or repositories, which are not used here: sessions have those of the person who began them',
    expect.stringMatching(
      /schedules\.daily\.channel: nobody begins a schedule, so it uses no connection in this channel/,
    ),
  ]);
});
