import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createTestAuthority } from '../../integration/proxy/support/test-authority.ts';
import {
  APP_ID,
  CLIENT_SECRET,
  IAP_AUDIENCE,
  INSTALLATION_ID,
  ISSUER,
  startTokenWorld,
  type TokenWorld,
} from '../../integration/proxy/support/token-world.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { createHostileServer, tool } from '../../support/mcp/hostile-server.ts';
import { until } from '../../support/until.ts';
import { isInMemory } from './support/memory.ts';
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
let worked: Worked;
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
  });
}

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

beforeAll(async () => {
  const authority = await createTestAuthority();
  const tracker = createHostileServer('https://elsewhere.test/');
  tracker.expects = canary('mcp');
  tracker.tools = [tool('whoami'), tool('big')];
  const identity = await authority.issue('bellhop');
  hosts = await startTokenWorld({
    more: {
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
    basic: `user:${CANARIES.basic}`,
    headers: JSON.stringify({ 'x-one': CANARIES.headers, 'x-two': 'two' }),
    'aws-sigv4': `AKIAEXAMPLE:${CANARIES['aws-sigv4']}`,
    mtls: `${identity.cert}${identity.key}`,
    ...hosts.secrets,
  };
  const place = Object.fromEntries(hosts.hosts.map((host) => [host, `127.0.0.1:${port}`]));
  bellhop = await startInstallation({
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

  const sent = hosts.authorizations.filter(({ host }) => !/k\.test$|login/.test(host)).map(({ value }) => value);
  const refreshTokens = await hosts.oidc.call<string[]>('refreshTokens');
  secrets = {
    ...CANARIES,
    'the token of an MCP server': tracker.expects,
    mtls: String(identity.key.split('\n')[1]),
    'the secret of a client': CLIENT_SECRET,
    'the key of a robot': middleOf(String(entered.robot)),
    'the key of a service account': middleOf(
      (JSON.parse(String(entered.warehouse)) as { private_key: string }).private_key,
    ),
    'the key of an app': middleOf(String(entered.github)),
    ...Object.fromEntries(refreshTokens.map((token, index) => [`refresh token ${index}`, token])),
    ...Object.fromEntries(sent.map((value, index) => [`minted token ${index}`, value.replace(/^\w+ /, '')])),
  };
}, 240_000);
afterAll(async () => {
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
  const told = worked.steps.map(
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
    expect(await isInMemory(pid, new URL(bellhop.databaseUrl(name)).password)).toBe(true);
    const minted = Object.entries(secrets).filter(([what]) => what === 'minted token 0' || what === 'refresh token 1');
    for (const [, secret] of minted) expect(await isInMemory(pid, secret)).toBe(false);
  },
  60_000,
);

/** Which secrets are where. */
function found(places: readonly Place[]): string[] {
  return Object.entries(secrets).flatMap(([what, secret]) =>
    placesWith(secret, places).map((where) => `${what}: ${where}`),
  );
}
