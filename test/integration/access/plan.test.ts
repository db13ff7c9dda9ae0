import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EgressEvent } from '../../../contracts/egress.ts';
import { keyFileIn, provideKeyFile } from '../../../credentials/key-file.ts';
import { saveChannel } from '../../../store/channels.ts';
import { registerInstallationKey } from '../../../store/credentials.ts';
import { storeEgressEvents } from '../../../store/egress-events.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

const MAIN = path.join(import.meta.dirname, '../../../cli/main.ts');

const FILE = `organization: { bundles: [web] }
channels:
  "#ops": { bundles: [data] }
bundles:
  web: { domains: [docs.a.test] }
  data: { connections: [api] }
connections:
  api:
    host: api.a.test
    methods: [GET]
    credential: { kind: bearer, fromEnv: API_TOKEN }
tests:
  - { from: "#ops", request: GET https://api.a.test/v1, expect: injected by api }
  - { from: "#general", request: GET https://api.a.test/v1, expect: blocked }
`;

// Each command is a process of its own, and the machine may be busy.
jest.setTimeout(120_000);

let db: TestDatabase;
let home: TemporaryFolder;
let file: string;

beforeEach(async () => {
  db = await createTestDatabase();
  home = await temporaryFolder();
  const { id, bytes } = await provideKeyFile(keyFileIn(home.path));
  await db.database.query("insert into installation (id) values ('i1')");
  await registerInstallationKey(db.database, 'i1', { keyId: id, publicKey: Buffer.from(bytes).toString('base64') });
  await saveChannel(db.database, { team: 'T1', id: 'C1', name: 'ops', kind: 'public', external: false });
  await saveChannel(db.database, { team: 'T1', id: 'C2', name: 'general', kind: 'public', external: false });
  file = path.join(home.path, 'bellhop.yaml');
  await writeFile(file, FILE);
});
afterEach(async () => {
  await db[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

function bellhop(args: readonly string[], environment: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, NO_COLOR: '1', BELLHOP_HOME: home.path, BELLHOP_DATABASE_URL: db.url };
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { env: { ...env, ...environment }, cwd: home.path },
      (error, out, err) => {
        resolve({ code: error ? Number(error.code) : 0, out, err });
      },
    );
  });
}

async function edit(from: string, to: string): Promise<void> {
  await writeFile(file, (await readFile(file, 'utf8')).replace(from, to));
}

test('a plan says first whose reach grows, with the line of the file, and needs no secret', async () => {
  const { code, out } = await bellhop(['plan']);
  expect(out).toMatch(/^bellhop.yaml, compared with policy 0, which is in force:\n\nReach grows\n/);
  expect(out).toMatch(
    /^ {2}organization: every channel\n {4}\+ +every method https:\/\/docs.a.test +web ← organization +bellhop.yaml:5$/m,
  );
  expect(out).toMatch(/^ {4}\+ +GET https:\/\/api.a.test with api \(bearer\) +data ← #ops +bellhop.yaml:\d+$/m);
  expect(out).toContain('2 of 2 tests of the file passed.');
  expect(code).toBe(0);
});

test('an apply of a planned file is refused when another policy came into force since', async () => {
  await bellhop(['plan']);
  const other = path.join(home.path, 'other.yaml');
  await writeFile(other, 'organization: {}\n');
  expect(await bellhop(['apply', other])).toMatchObject({ code: 0 });
  const refused = await bellhop(['apply', file], { API_TOKEN: 'secret-of-api' });
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringContaining('was planned with policy 0, and policy 1 is in force now'),
  });
  await bellhop(['plan', file]);
  expect(await bellhop(['apply', file], { API_TOKEN: 'secret-of-api' })).toMatchObject({ code: 0 });
});

test('a test of the file that fails keeps it from being applied, and test and plan say why', async () => {
  await edit('expect: blocked', 'expect: allowed');
  const said = 'GET https://api.a.test/v1 from #general should be allowed';
  expect(await bellhop(['test'])).toMatchObject({ code: 1, out: expect.stringContaining(said) });
  expect(await bellhop(['plan'])).toMatchObject({ code: 1, out: expect.stringContaining('1 of 2 tests') });
  const refused = await bellhop(['apply'], { API_TOKEN: 'secret-of-api' });
  expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/bellhop.yaml:14: tests: .*should be allowed/) });
});

test('what is exported can be applied and changes nothing', async () => {
  await bellhop(['apply'], { API_TOKEN: 'secret-of-api' });
  const copy = path.join(home.path, 'copy.yaml');
  expect(await bellhop(['export', copy])).toMatchObject({ code: 0 });
  expect(await readFile(copy, 'utf8')).toBe(FILE);
  expect((await bellhop(['apply', copy])).out).toContain('is in force already, as policy 1');
  expect(await bellhop(['export', copy])).toMatchObject({ code: 1, err: expect.stringContaining('is there already') });
});

test('who-can names the channels that may reach a host', async () => {
  await bellhop(['apply'], { API_TOKEN: 'secret-of-api' });
  expect((await bellhop(['who-can', 'api.a.test'])).out).toMatch(
    /^#ops +injected +GET https:\/\/api.a.test +data ← #ops\n$/,
  );
  expect((await bellhop(['who-can', 'docs.a.test'])).out).toMatch(/^every channel +forwarded/m);
  expect((await bellhop(['who-can', 'nobody.test'])).out).toBe('No scope may reach nobody.test.\n');
});

test('a replay lists the recorded requests that the file would decide in another way', async () => {
  await bellhop(['apply'], { API_TOKEN: 'secret-of-api' });
  const recorded: EgressEvent = {
    id: randomUUID(),
    at: new Date().toISOString(),
    sandbox: 's1',
    session: null,
    turn: null,
    principal: null,
    requester: null,
    scope: 'channel:T1:C1',
    outcome: 'injected',
    code: 'connection',
    reason: '',
    rule: 'api',
    bundle: 'data',
    ruleScope: 'channel:T1:C1',
    connection: 'api',
    method: 'GET',
    scheme: 'https',
    host: 'api.a.test',
    port: 443,
    path: '/v2/x?day',
    status: 200,
    bytesOut: 1,
    bytesIn: 1,
    durationMs: 1,
    transport: 'intercept',
  };
  const failed = { outcome: 'blocked', code: 'no_lease', path: '/v3' } as const;
  await storeEgressEvents(db.database, [
    recorded,
    { ...recorded, id: randomUUID() },
    { ...recorded, id: randomUUID(), path: '/v1' },
    { ...recorded, ...failed, id: randomUUID() },
  ]);
  await edit('    methods: [GET]\n', '    methods: [GET]\n    paths: [/v1]\n');
  const { out } = await bellhop(['plan', '--replay', '7d']);
  expect(out).toContain('Of 3 recorded requests, 2 would be decided in another way.');
  expect(out).toMatch(/injected → blocked +2 × +GET https:\/\/api.a.test\/v2\/x\?day +channel:T1:C1/);
  expect(await bellhop(['plan', '--replay', 'soon'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('write 7d'),
  });
});
