import { until } from '../../../support/until.ts';
import { startMintingWorld, tracesOf } from '../support/minting-world.ts';
import { CLIENT_SECRET, SERVICE_ACCOUNT, startTokenWorld, type TokenWorld } from '../support/token-world.ts';
import { S1, S2, SCOPE_1, type World, type WorldPolicy } from '../support/world.ts';

let tokens: TokenWorld;
let world: World;
let policy: WorldPolicy;

beforeAll(async () => {
  tokens = await startTokenWorld();
});
afterAll(() => tokens?.[Symbol.asyncDispose]());

beforeEach(async () => {
  ({ world, policy } = await startMintingWorld(tokens));
});
afterEach(() => world[Symbol.asyncDispose]());

const ask = (url: string, options: Parameters<ReturnType<World['sandbox']>['request']>[1] = {}, sandbox = S1) =>
  world.sandbox(sandbox).request(url, options);

/** The tokens and secrets that hosts were sent, in the forms in which they may be found. */
function secretsSeen(): string[] {
  const values = tokens.authorizations.map(({ value }) => value.replace(/^\w+ /, ''));
  const decoded = values
    .map((value) => Buffer.from(value, 'base64').toString())
    .filter((text) => /^[\x21-\x7e]+:/.test(text));
  const all = [...values, ...decoded.map((text) => text.slice(text.indexOf(':') + 1)), CLIENT_SECRET];
  return [...new Set(all)].flatMap((text) => [text, encodeURIComponent(text), Buffer.from(text).toString('hex')]);
}

test('each kind of minted token is accepted by a host that verifies it, and none leaves a trace', async () => {
  const answers = {
    client: await ask('https://client.a.test/x'),
    robot: await ask('https://robot.a.test/x'),
    person: await ask('https://person.a.test/x'),
    warehouse: await ask('https://bq.a.test/x'),
    iap: await ask('https://iap.a.test/x'),
    github: await ask('https://api.github.com/repos/Acme/shop'),
    git: await ask('https://github.com/acme/shop.git/info/refs?service=git-upload-pack'),
  };
  const said = Object.fromEntries(
    Object.entries(answers).map(([name, { status, text }]) => [name, `${status} ${text}`]),
  );
  expect(said).toMatchObject({
    client: expect.stringMatching(/^200 .*"client":"bellhop"/),
    robot: expect.stringMatching(/^200 .*"client":"robot"/),
    person: expect.stringMatching(/^200 .*"sub":"a-person"/),
    warehouse: '200 https://www.googleapis.com/auth/bigquery',
    iap: `200 ${SERVICE_ACCOUNT}`,
    github: expect.stringMatching(/^200 .*"full_name":"Acme\/shop"/),
  });
  // The API of GitHub takes a bearer token, git the same token as a password.
  const [api, git] = ['api.github.com', 'github.com'].map(
    (host) => tokens.authorizations.findLast((each) => each.host === host)?.value ?? '',
  );
  expect(api).toMatch(/^Bearer ghs_/);
  expect(Buffer.from(String(git).slice('Basic '.length), 'base64').toString()).toBe(
    `x-access-token:${String(api).slice('Bearer '.length)}`,
  );
  expect(tokens.origin.received()).not.toContain('evil.test');
  expect(world.dialled.every((each) => each === `127.0.0.1:${tokens.origin.port}`)).toBe(true);

  const events = await world.events(S1, 7);
  expect(events.map(({ outcome, connection }) => `${outcome} ${connection}`)).toEqual(
    ['client', 'robot', 'person', 'warehouse', 'behind-iap', 'github', 'github'].map((id) => `injected ${id}`),
  );
  // Seven requests with a token, and what the tokens were got with.
  expect(new Set(tokens.authorizations.map(({ value }) => value)).size).toBeGreaterThanOrEqual(8);
  const found = await tracesOf(world);
  expect(found).toContain('person.a.test');
  // The host of git echoes on purpose: what a host sends back is not searched here.
  const echoed = new Set([git, String(git).slice('Basic '.length)]);
  for (const secret of secretsSeen()) if (!echoed.has(secret)) expect(found.includes(secret)).toBe(false);
});

test.each([
  ['client', 'https://client.a.test/x', 'login.a.test', '/token'],
  ['robot', 'https://robot.a.test/x', 'login.a.test', '/token'],
  ['person', 'https://person.a.test/x', 'login.a.test', '/token'],
  ['warehouse', 'https://bq.a.test/x', 'oauth2.googleapis.com', '/token'],
  ['github', 'https://api.github.com/repos/Acme/shop', 'api.github.com', '/app/installations/67890/access_tokens'],
])('50 parallel requests of %s mint one token', async (_id, url, host, tokenPath) => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(url)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(tokens.asked(host, tokenPath)).toBe(1);
});

test('a token is never shared between versions of a credential', async () => {
  await ask('https://client.a.test/x');
  await world.apply(policy);
  await ask('https://client.a.test/x');
  expect(tokens.asked('login.a.test')).toBe(2);
  const sent = tokens.authorizations.filter(({ host }) => host === 'client.a.test').map(({ value }) => value);
  expect(new Set(sent).size).toBe(2);
});

test('a refresh token that was replaced is used after a restart, and when the entered one is sealed again', async () => {
  expect((await ask('https://person.a.test/1')).status).toBe(200);
  await world.restart();
  await world.openLease(S1, SCOPE_1, 1, 2);
  expect((await ask('https://person.a.test/2')).status).toBe(200);
  // As `apply` does with the file that it was entered from.
  await world.apply(policy);
  expect((await ask('https://person.a.test/3')).status).toBe(200);
  expect(tokens.asked('login.a.test')).toBe(3);
  const { rows } = await world.database.database.query('select connection, generation from refresh_token');
  expect(rows).toEqual([{ connection: 'person', generation: 3 }]);
});

test('the end of the process waits for a token that is being fetched', async () => {
  const held = Promise.withResolvers<void>();
  tokens.instead.set('login.a.test', (request, response) => {
    void held.promise.then(() => tokens.oidc.front(request, response));
  });
  const left = await world.sandbox(S1).tunnel('person.a.test:443');
  left.write('GET /left HTTP/1.1\r\nHost: person.a.test\r\n\r\n');
  await until(() => tokens.asked('login.a.test') === 1, 'the token endpoint is asked');
  const restarted = world.restart();
  held.resolve();
  await restarted;
  tokens.instead.clear();
  const { rows } = await world.database.database.query('select generation from refresh_token');
  expect(rows).toEqual([{ generation: 1 }]);
});

test('the token of a GitHub App covers what the bundles of the scope grant, and another scope has another one', async () => {
  await ask('https://api.github.com/repos/Acme/shop');
  await ask('https://api.github.com/repos/Acme/docs', {}, S2);
  await ask('https://api.github.com/repos/Acme/docs', {}, S2);
  expect(tokens.asked('api.github.com', '/app/installations/67890/access_tokens')).toBe(2);
  const issued = (await (await fetch(`${tokens.github.url}/_emulate/installation-tokens`)).json()) as {
    installation_tokens?: unknown;
  };
  const bodies = tokens.origin
    .received('api.github.com')
    .split('\r\n')
    .filter((line) => line.startsWith('{"permissions"'))
    .map(
      (line) =>
        JSON.parse(/^\{.*?\}(?=[A-Z]|$)/.exec(line)?.[0] ?? line) as { repositories: string[]; permissions: object },
    );
  expect(bodies).toEqual([
    {
      permissions: { contents: 'write', issues: 'read', metadata: 'read', pull_requests: 'write' },
      repositories: ['docs', 'shop'],
    },
    {
      permissions: { contents: 'read', issues: 'read', metadata: 'read', pull_requests: 'read' },
      repositories: ['docs'],
    },
  ]);
  expect(JSON.stringify(issued)).toContain('"contents":"read"');
  expect(JSON.stringify(issued)).not.toContain('administration');
});

test('a scope without any repository of the installation gets no token', async () => {
  await world.apply({ ...policy, attached: { [SCOPE_1]: { connections: ['github'] } } });
  const { status, error } = await ask('https://api.github.com/rate_limit');
  expect({ status, code: error?.code }).toEqual({ status: 502, code: 'inject_failed' });
  expect(error?.message).toBe('Connection github cannot be used: no token was issued (no_repository_granted).');
});
