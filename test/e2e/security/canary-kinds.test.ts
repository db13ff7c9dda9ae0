import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createTestAuthority } from '../../integration/proxy/support/test-authority.ts';
import {
  type ServerProcess,
  startServerProcess,
} from '../../integration/proxy/support/token-servers/server-process.ts';
import {
  APP_ID,
  CLIENT_SECRET,
  IAP_AUDIENCE,
  INSTALLATION_ID,
  ISSUER,
  startTokenWorld,
  type TokenWorld,
} from '../../integration/proxy/support/token-world.ts';
import { freePort } from '../../support/free-port.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { createHostileServer, tool } from '../../support/mcp/hostile-server.ts';
import { createOAuthBrowser, type Landing } from '../../support/oauth-browser.ts';
import { until } from '../../support/until.ts';
import { thoseInMemory } from './support/memory.ts';
import { type Place, placesWith } from './support/renderings.ts';
import {
  databaseRows,
  homeFiles,
  inspectedContainers,
  machineProcesses,
  modelCalls,
  processOutputs,
  sandboxFiles,
  slackState,
  workflowHistories,
} from './support/stores.ts';
import { type Worked, work } from './support/work.ts';

/** One canary for each kind of credential, and whatever tokens were got for them. None may be found anywhere. */
const canary = (kind: string) => `canary-${kind}-${randomBytes(16).toString('hex')}`;
const STATIC = ['bearer', 'basic', 'header', 'headers', 'query', 'body', 'aws-sigv4'] as const;
const CANARIES = Object.fromEntries(STATIC.map((kind) => [kind, canary(kind)]));

let bellhop: Installation;
let hosts: TokenWorld;
/** Where a person grants tokens of their own. */
let own: ServerProcess;
let worked: Worked;
let ownWork: Worked;
/** Each secret with a name. */
let secrets: Record<string, string>;

/** Says only whether the credential came. */
const saysWhetherItCame =
  (secret: string): RequestListener =>
  async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const authorization = String(request.headers.authorization);
    const decoded = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
    const came = [JSON.stringify(request.headers), request.url, body, decoded].join(' ');
    response.end(came.includes(secret) || authorization.startsWith('AWS4-HMAC-SHA256') ? 'it came' : 'nothing came');
  };

/** A part of a private key that no other text has. */
const middleOf = (pem: string) => String(pem.split('\n').at(-8));

function fileOf(port: number): string {
  const addresses = [`127.0.0.1/32:${port}`];
  const simple = { bearer: {}, basic: {}, header: { name: 'x-key' }, headers: { names: ['x-one', 'x-two'] } };
  const other = {
    query: { name: 'api_key' },
    body: { field: 'token' },
    'aws-sigv4': { region: 'eu-x-1', service: 's3' },
  };
  const oauth = { 'token-url': `${ISSUER}/token`, 'client-id': 'bellhop' };
  const kinds: Record<string, [host: string, credential: object]> = {
    ...Object.fromEntries(
      Object.entries({ ...simple, ...other }).map(([kind, more]) => [kind, [`${kind}.k.test`, { kind, ...more }]]),
    ),
    mtls: ['mtls.k.test', { kind: 'mtls' }],
    client: ['client.a.test', { kind: 'oauth-client', ...oauth, scopes: ['read'] }],
    robot: [
      'robot.a.test',
      { kind: 'oauth-jwt', 'token-url': `${ISSUER}/token`, issuer: 'robot', subject: 'somebody', scopes: ['read'] },
    ],
    person: ['person.a.test', { kind: 'oauth', ...oauth }],
    warehouse: ['bq.a.test', { kind: 'gcp', scopes: ['https://www.googleapis.com/auth/bigquery'] }],
    'behind-iap': ['iap.a.test', { kind: 'gcp', audience: IAP_AUDIENCE }],
    github: [
      'api.github.com',
      { kind: 'github-app', 'app-id': String(APP_ID), 'installation-id': String(INSTALLATION_ID) },
    ],
  };
  const connections = Object.entries(kinds).map(([id, [host, credential]]) => [
    id,
    {
      // Git has a host of its own there.
      rules: [{ inject: id === 'github' ? [host, 'github.com'] : [host], addresses }],
      credential: { ...credential, fromEnv: environmentName(id) },
    },
  ]);
  const tracker = {
    ...{ kind: 'mcp', url: 'https://mcp.k.test/mcp', addresses, tools: { allow: ['*'] } },
    credential: { kind: 'bearer', fromEnv: environmentName('tracker') },
  };
  // JSON is YAML.
  return JSON.stringify({
    organization: { bundles: [] },
    channels: { '#platform-eng': { bundles: ['kinds'] } },
    bundles: {
      kinds: {
        connections: [...Object.keys(kinds), 'tracker'],
        repositories: [{ repository: 'acme/shop', access: 'read', connection: 'github' }],
      },
    },
    connections: { ...Object.fromEntries(connections), tracker },
    people: {
      offer: [
        {
          ...{ preset: 'gitlab', host: 'own.a.test', addresses },
          oauth: {
            ...{ 'client-id': 'bellhop', issuer: OWN_ISSUER, 'names-issuer': true, scopes: ['openid', 'api'] },
            ...{ 'authorize-url': `${OWN_ISSUER}/auth`, 'token-url': `${OWN_ISSUER}/token` },
            ...{ 'device-url': `${OWN_ISSUER}/device/auth`, fromEnv: environmentName('own') },
          },
        },
      ],
    },
  });
}

const OWN_ISSUER = 'https://own.a.test';
const OWN_SECRET = canary('own-client');

const environmentName = (id: string) => `SECRET_${id.replaceAll('-', '_').toUpperCase()}`;

/** Each kind is used, and what came is looked for where an agent would look. */
const HUNT = [
  ...['bearer', 'basic', 'header', 'headers', 'query', 'aws-sigv4', 'mtls'].map(
    (kind) => `$ curl -sS -v https://${kind}.k.test/x`,
  ),
  `$ curl -sS -v -H 'content-type: application/json' -d '{"a":1}' https://body.k.test/x`,
  ...['client', 'robot', 'person', 'bq', 'iap'].map((name) => `$ curl -sS -v https://${name}.a.test/x`),
  '$ curl -sS -v https://api.github.com/repos/Acme/shop',
  // Words of the server, and a text so long that it is put into the workspace.
  'call tracker.whoami',
  'call tracker.big',
  '$ env; cat /proc/*/environ /proc/*/cmdline 2>&1 | tr "\\0" "\\n"; curl -sS http://proxy.internal/status',
];

/** Ada grants a token by her browser and uses it, and another one by a device code. */
async function grantOwn(callbackHost: string): Promise<void> {
  const { slack } = bellhop;
  const browser = createOAuthBrowser('ada', { 'own.a.test': own.url, [callbackHost]: `http://${callbackHost}` });
  const dm = await slack.openDm('ada');
  const form = async (matches: RegExp, action: string): Promise<string> => {
    const asked = await slack.post('ada', dm, 'connect gitlab');
    await slack.click('ada', await slack.waitForAnswer(asked, /allow it there/), action);
    const blocks = async () => JSON.stringify((await slack.waitForModal('ada')).blocks);
    await until(async () => matches.test(await blocks()), `a form with ${matches}`, 30_000);
    const found = matches.exec(await blocks())?.[1] ?? '';
    await slack.closeModal('ada');
    return found;
  };
  const confirm = async (letters: Readonly<Record<string, string>>): Promise<void> => {
    const waits = () => bellhop.database.query("select 1 from personal_grant where state = 'granted' and told");
    await until(async () => (await waits()).rowCount === 1, 'the grant', 30_000);
    // The grant before this one left a message too; its button is gone.
    const button = async () =>
      (await slack.state()).messages.findLast(
        ({ blocks, channel }) => channel === dm && JSON.stringify(blocks).includes('"bellhop_confirm"'),
      );
    await until(async () => (await button()) !== undefined, 'the button');
    await slack.click('ada', (await button()) as never, 'bellhop_confirm');
    await slack.waitForModal('ada');
    expect(await slack.submit('ada', letters)).toMatchObject({ closed: true });
  };
  const userCode = await form(/\*([A-Z]{4}-[A-Z]{4})\*/, 'bellhop_connect_device');
  const xsrf = ({ text }: Landing) => /name="xsrf" value="([^"]+)"/.exec(text)?.[1] ?? '';
  const entry = await browser.open(`${OWN_ISSUER}/device`);
  const shown = await browser.send(`${OWN_ISSUER}/device`, { xsrf: xsrf(entry), user_code: userCode });
  await browser.send(`${OWN_ISSUER}/device`, { xsrf: xsrf(shown), user_code: userCode, confirm: 'yes' });
  await confirm({});
  const link = await form(/<(https:[^|>]+)\|Open /, 'bellhop_connect');
  const page = await browser.open(link.replaceAll('&amp;', '&'));
  await confirm({ proof: /<strong>([A-Z-]{9})<\/strong>/.exec(page.text)?.[1] ?? '' });
  ownWork = await work(bellhop, `$ curl -sS -v ${OWN_ISSUER}/api/v4/user; env`, { channel: dm, withinMs: 120_000 });
}

beforeAll(async () => {
  const authority = await createTestAuthority();
  const tracker = createHostileServer('https://elsewhere.test/');
  tracker.expects = canary('mcp');
  tracker.tools = [tool('whoami'), tool('big')];
  const identity = await authority.issue('bellhop');
  const callbackHost = `127.0.0.1:${await freePort()}`;
  own = await startServerProcess('login', {
    ...{ issuer: OWN_ISSUER, clientSecret: OWN_SECRET, life: 600 },
    redirectUris: [`http://${callbackHost}/oauth/callback/gitlab`],
  });
  hosts = await startTokenWorld({
    more: {
      'own.a.test': own.front,
      ...Object.fromEntries(STATIC.map((kind) => [`${kind}.k.test`, saysWhetherItCame(String(CANARIES[kind]))])),
      'mcp.k.test': tracker.onRequest,
      'mtls.k.test': (request, response) => {
        const { subject } = (request.socket as TLSSocket).getPeerCertificate();
        response.end(subject === undefined ? 'nothing came' : 'it came');
      },
    },
  });
  const { port } = hosts.origin;
  const entered: Record<string, string> = {
    ...CANARIES,
    tracker: tracker.expects,
    own: OWN_SECRET,
    basic: `user:${CANARIES.basic}`,
    headers: JSON.stringify({ 'x-one': CANARIES.headers, 'x-two': 'two' }),
    'aws-sigv4': `AKIAEXAMPLE:${CANARIES['aws-sigv4']}`,
    mtls: `${identity.cert}${identity.key}`,
    ...hosts.secrets,
  };
  const place = Object.fromEntries(hosts.hosts.map((host) => [host, `127.0.0.1:${port}`]));
  bellhop = await startInstallation({
    environment: { BELLHOP_CALLBACK_URL: `http://${callbackHost}` },
    secrets: Object.fromEntries(Object.entries(entered).map(([id, secret]) => [environmentName(id), secret])),
  });
  const authorityFile = path.join(bellhop.home, 'hosts.pem');
  await writeFile(authorityFile, hosts.authority.pem);
  await bellhop.operate({
    hosts: place,
    ceilings: [{ range: '127.0.0.1/32', ports: [port] }],
    caBundles: [authorityFile],
  });
  await bellhop.apply(fileOf(port));
  const listed = () => bellhop.database.query('select 1 from mcp_server where listed is not null');
  await until(async () => (await listed()).rowCount === 1, 'the list of the MCP server', 30_000);
  worked = await work(bellhop, HUNT.join('\n'), { withinMs: 120_000 });
  await grantOwn(callbackHost);
  const granted = await own.call<{ kind: string; text: string }[]>('secrets');

  const sent = hosts.authorizations.filter(({ host }) => !/k\.test$|login/.test(host)).map(({ value }) => value);
  const refreshTokens = await hosts.oidc.call<string[]>('refreshTokens');
  secrets = {
    ...CANARIES,
    'the token of an MCP server': tracker.expects,
    mtls: String(identity.key.split('\n')[1]),
    'the secret of a client': CLIENT_SECRET,
    'the secret of the client of an offer': OWN_SECRET,
    ...Object.fromEntries(granted.map(({ kind, text }, index) => [`a person's ${kind} ${index}`, text])),
    'the key of a robot': middleOf(String(entered.robot)),
    'the key of a service account': middleOf(
      (JSON.parse(String(entered.warehouse)) as { private_key: string }).private_key,
    ),
    'the key of an app': middleOf(String(entered.github)),
    ...Object.fromEntries(refreshTokens.map((token, index) => [`refresh token ${index}`, token])),
    ...Object.fromEntries(sent.map((value, index) => [`minted token ${index}`, value.replace(/^\w+ /, '')])),
  };
}, 300_000);
afterAll(async () => {
  await own?.[Symbol.asyncDispose]();
  await bellhop?.[Symbol.asyncDispose]();
  await hosts?.[Symbol.asyncDispose]();
}, 60_000);

test('each kind of credential was used, and the sandbox was told none of them', () => {
  const outputs = worked.steps.map(({ output }) => output);
  expect(outputs.slice(0, 8).map((output) => /it came|nothing came/.exec(output)?.[0])).toEqual(
    Array(8).fill('it came'),
  );
  expect(outputs[8]).toContain('"client":"bellhop"');
  expect(outputs[9]).toContain('"client":"robot"');
  expect(outputs[10]).toContain('"sub":"a-person"');
  expect(outputs.slice(11, 14).map((output) => /HTTP\/1.1 (\d+)/.exec(output)?.[1])).toEqual(['200', '200', '200']);
  expect(worked.steps.find(({ tool }) => tool === 'tracker__whoami')?.told).toContain('it came');
  // The entered refresh token and its successor; a JWT of the app, its token, and five more of the others.
  expect(Object.keys(secrets).filter((name) => name.startsWith('refresh token')).length).toBeGreaterThanOrEqual(2);
  expect(Object.keys(secrets).filter((name) => name.startsWith('minted token')).length).toBeGreaterThanOrEqual(7);
  expect(ownWork.steps[0]?.output).toContain('"username":"ada"');
  for (const kind of ['code', 'verifier', 'device code', 'access token', 'refresh token']) {
    expect(Object.keys(secrets).some((name) => name.startsWith(`a person's ${kind}`))).toBe(true);
  }
  const told = [...worked.steps, ...ownWork.steps].map(
    ({ number, output, told }): Place => ({
      name: `step ${number}`,
      bytes: Buffer.from(output + told),
    }),
  );
  expect(found(told)).toEqual([]);
});

const STORES: Readonly<Record<string, [look: () => Place[] | Promise<Place[]>, isThere: () => string]>> = {
  'the database': [() => databaseRows(bellhop), () => 'person.a.test'],
  'histories of workflows': [() => workflowHistories(bellhop), () => worked.session],
  "the engine's data on containers": [() => inspectedContainers(bellhop), () => `bellhop-${bellhop.id}`],
  'files of sandboxes': [() => sandboxFiles(bellhop), () => bellhop.id],
  'environment and arguments of every process': [machineProcesses, () => bellhop.databaseUrl('proxy')],
  "files of the installation's home": [() => homeFiles(bellhop), () => 'person.a.test'],
  'logs of every process': [() => processOutputs(bellhop), () => '{"ready":"proxy"}'],
  Slack: [() => slackState(bellhop), () => worked.message.ts],
  'calls to the model': [() => modelCalls(bellhop), () => 'person.a.test'],
};

test.each(Object.entries(STORES))(
  'no credential of any kind and no minted token is in %s',
  async (name, [look, isThere]) => {
    const places = await look();
    if (name !== 'files of sandboxes') expect(placesWith(isThere(), places)).not.toEqual([]);
    expect(places.length).toBeGreaterThan(0);
    expect(found(places)).toEqual([]);
  },
  120_000,
);

test.each(['gateway', 'agent', 'runner'] as const)(
  'the memory of the %s holds no minted token',
  async (name) => {
    const { pid } = bellhop.processes[name];
    const password = new URL(bellhop.databaseUrl(name)).password;
    const minted = Object.entries(secrets).flatMap(([what, secret]) =>
      /^(?:minted token 0|refresh token 1|a person's (?:access|refresh) token \d+)$/.test(what) ? [secret] : [],
    );
    expect(minted.length).toBeGreaterThanOrEqual(4);
    // Its own password is there, so the search finds what is.
    expect(await thoseInMemory(pid, [password, ...minted])).toEqual([password]);
  },
  60_000,
);

/** Which secrets are where. */
function found(places: readonly Place[]): string[] {
  return Object.entries(secrets).flatMap(([what, secret]) =>
    placesWith(secret, places).map((where) => `${what}: ${where}`),
  );
}
