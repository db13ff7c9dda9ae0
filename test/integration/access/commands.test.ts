import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { keyFileIn, modelKeyFileIn, provideKeyFile, readKeyFile, writeKeyFile } from '../../../credentials/key-file.ts';
import { createKeyPair } from '../../../credentials/key-pair.ts';
import { readTool } from '../../../mcp/tool-definition.ts';
import { saveChannel } from '../../../store/channels.ts';
import { registerInstallationKey } from '../../../store/credentials.ts';
import { claimListing, storeListing } from '../../../store/mcp-servers.ts';
import { registerModelKey } from '../../../store/model-keys.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const MAIN = path.join(import.meta.dirname, '../../../cli/main.ts');
const DEMO = path.join(import.meta.dirname, '../../../demo/bellhop.yaml');
const CANARY = 'canary-77e1b0';

// Each command is a process of its own, and the machine may be busy.
jest.setTimeout(120_000);

let db: TestDatabase;
let home: string;

beforeAll(async () => {
  db = await createTestDatabase();
  home = await mkdtemp(path.join(os.tmpdir(), 'bellhop-home-'));
  const publicKey = await provideKeyFile(keyFileIn(home));
  await db.database.query("insert into installation (id) values ('i1')");
  await registerInstallationKey(db.database, 'i1', {
    keyId: publicKey.id,
    publicKey: Buffer.from(publicKey.bytes).toString('base64'),
  });
  await saveChannel(db.database, { team: 'T1', id: 'C1', name: 'platform-eng', kind: 'public', external: false });
  await saveChannel(db.database, { team: 'T1', id: 'C2', name: 'general', kind: 'public', external: false });
  await saveChannel(db.database, { team: 'T1', id: 'C3', name: 'my-code', kind: 'public', external: false });
  await bellhop(['apply', DEMO], { ACME_TOKEN: CANARY, ACME_LOGIN: `bellhop:${CANARY}` });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line as a person would, in an empty folder. */
function bellhop(args: readonly string[], environment: Record<string, string> = {}): Promise<Finished> {
  const env = {
    PATH: process.env.PATH,
    NO_COLOR: '1',
    BELLHOP_HOME: home,
    BELLHOP_DATABASE_URL: db.url,
    ...environment,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env, cwd: home }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

test('apply without a file puts the last one in force again, and keeps the credential it cannot read', async () => {
  const { code, out } = await bellhop(['apply']);
  expect(out).toContain(`${DEMO} is in force already, as policy 1.`);
  expect(out).toContain(
    'credential of acme-readonly: the stored one stays in use (no new one was given: the environment variable ACME_TOKEN is not set)',
  );
  expect(code).toBe(0);
});

test('a file with problems is refused with its lines, and the exit code says so', async () => {
  const file = path.join(home, 'wrong.yaml');
  await writeFile(file, 'organization:\n  bundles: [nope]\n');
  const { code, err } = await bellhop(['apply', file]);
  expect(err).toBe(
    'bellhop: wrong.yaml has a problem; nothing was changed.\n  wrong.yaml:2: organization.bundles[0]: there is no bundle nope\n',
  );
  expect(code).toBe(1);
  const json = await bellhop(['apply', file, '--json']);
  expect(JSON.parse(json.out)).toMatchObject({ problems: [{ line: 2, field: 'organization.bundles[0]' }] });
  expect(json.code).toBe(1);
});

test('a copy of a file is applied with the files of another folder', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bellhop-files-'));
  await writeFile(path.join(folder, 'Dockerfile'), 'FROM debian:bookworm\nRUN true\n');
  const copy = path.join(home, 'copy.yaml');
  await writeFile(copy, 'environments:\n  tools: { dockerfile: Dockerfile }\n');
  const beside = await bellhop(['apply', copy, '--dry-run']);
  expect(beside).toMatchObject({ code: 1, err: expect.stringContaining('copy.yaml:2: environments.tools.dockerfile') });
  const from = await bellhop(['apply', copy, '--dry-run', '--files-from', folder]);
  expect(from).toMatchObject({ code: 0, out: expect.stringContaining('environment tools') });
  for (const command of ['plan', 'test']) {
    expect(await bellhop([command, copy])).toMatchObject({ code: 1, err: expect.stringContaining('dockerfile') });
    expect(await bellhop([command, copy, '--files-from', folder])).toMatchObject({ code: 0 });
  }
  await rm(folder, { recursive: true });
});

test('effective and why have the same as JSON', async () => {
  const effective = JSON.parse((await bellhop(['effective', '#platform-eng', '--json'])).out);
  expect(effective.ceilings).toBeNull();
  expect(effective.rules.map((rule: { shadowedBy: unknown }) => rule.shadowedBy)).toContainEqual([]);
  const why = await bellhop(['why', '#platform-eng', 'GET', 'https://api.acme.test/v1/signups', '--json']);
  expect(JSON.parse(why.out)).toHaveProperty('ceilings', null);
});

test('effective and why say where each rule stands, and whether the proxy could be asked for ceilings', async () => {
  const { out } = await bellhop(['effective', '#platform-eng']);
  expect(out).toMatch(/acme-readonly .*the proxy could not be asked for the operator's ceilings\), line \d+/);
  expect(out).toContain('./bellhop export writes it');
  const why = await bellhop(['why', '#platform-eng', 'GET', 'https://api.acme.test/v1/signups']);
  expect(why.out).toMatch(/acme-readonly +acme-data ← #platform-eng +line \d+ +decides/);
});

test('effective shows every rule with its origin', async () => {
  const { out } = await bellhop(['effective', '#platform-eng']);
  expect(out).toContain('#platform-eng (channel:T1:C1), policy 1');
  expect(out).toMatch(/injected +acme-readonly +GET https:\/\/api\.acme\.test +acme-data ← #platform-eng/);
  expect(out).toMatch(/forwarded +docs\.acme\.test +https:\/\/docs\.acme\.test +public-web ← organization/);
  expect(out).toContain('Everything else is blocked.');
  const general = JSON.parse((await bellhop(['effective', 'general', '--json'])).out);
  expect(general.rules.map((rule: { action: string }) => rule.action)).toEqual(['forward', 'forward']);
});

test.each([
  ['#platform-eng', 'GET', 'https://api.acme.test/v1/signups', 'INJECTED', 'acme-readonly ← acme-data ← #platform-eng'],
  ['#general', 'GET', 'https://api.acme.test/v1/signups', 'FORWARDED', 'api.acme.test ← public-web ← organization'],
  ['#platform-eng', 'POST', 'https://paste.acme.test/', 'BLOCKED (not_allowed)', 'allows paste.acme.test'],
  ['#platform-eng', 'GET', 'http://api.acme.test/', 'BLOCKED (cleartext_credential)', 'ask api.acme.test by https'],
])('why %s %s %s: %s', async (channel, method, url, outcome, reason) => {
  const { out, code } = await bellhop(['why', channel, method, url]);
  expect(out.startsWith(outcome)).toBe(true);
  expect(out).toContain(reason);
  expect(code).toBe(0);
});

test('why answers in JSON with the walk', async () => {
  const { out } = await bellhop(['why', '#platform-eng', 'GET', 'https://docs.acme.test/', '--json']);
  expect(JSON.parse(out)).toMatchObject({
    scope: 'channel:T1:C1',
    policyVersion: 1,
    decision: {
      outcome: 'forwarded',
      walk: [
        // The preset of a Gitea has one rule that denies and one that injects.
        { rule: 'acme-git', action: 'deny', result: 'host' },
        { rule: 'acme-git', action: 'inject', result: 'host' },
        { rule: 'acme-readonly', result: 'host' },
        { rule: 'api.acme.test', result: 'host' },
        { rule: 'docs.acme.test', result: 'matched' },
      ],
    },
  });
});

test.each([
  [['why', '#platfrm-eng', 'GET', 'https://a.test/'], 'did you mean #platform-eng?'],
  [['why', '#general', 'GET', 'https://127.0.0.1/'], 'https://127.0.0.1/ has a host that is an IP address'],
  [['why', '#general', 'GET', 'a.test'], 'a.test must begin with http:// or https://'],
  [['effective', '#nowhere'], 'there is no channel #nowhere that Bellhop can see'],
  [['apply', 'missing.yaml'], 'missing.yaml cannot be read: there is no such file (ENOENT)'],
])('%j is answered in one line of words', async (args, words) => {
  const { code, err } = await bellhop(args);
  expect(err).toMatch(/^bellhop: /);
  expect(err).toContain(words);
  expect(err).not.toContain('    at ');
  expect(code).toBe(1);
});

test('keys shows which credentials are stored, and no secret', async () => {
  const { out } = await bellhop(['keys', 'show']);
  expect(out).toMatch(/^Key [0-9a-f]{16}\n/);
  expect(out).toMatch(/acme-readonly +version 1 +sealed /);
  expect(out).not.toContain(CANARY);
});

test('a key is brought to another machine by export and import, and no other key takes its place', async () => {
  const exported = path.join(home, 'exported.key');
  const elsewhere = path.join(home, 'elsewhere', 'installation.key');
  expect(await bellhop(['keys', 'export', exported])).toMatchObject({ code: 0 });
  expect(await bellhop(['keys', 'import', exported], { BELLHOP_KEY_FILE: elsewhere })).toMatchObject({ code: 0 });
  await expect(readKeyFile(elsewhere)).resolves.toEqual(await readKeyFile(keyFileIn(home)));

  const foreign = path.join(home, 'foreign.key');
  await writeKeyFile(foreign, await createKeyPair());
  const refused = await bellhop(['keys', 'import', foreign], { BELLHOP_KEY_FILE: path.join(home, 'third', 'key') });
  expect(refused.err).toContain("but this installation's is");
  expect(await bellhop(['keys', 'import', exported])).toMatchObject({ code: 1 });
});

test('the key for models is brought along apart, and is put in its own place', async () => {
  const pair = await createKeyPair();
  await writeKeyFile(modelKeyFileIn(home), pair);
  const publicKey = Buffer.from(pair.publicKey.bytes).toString('base64');
  await registerModelKey(db.database, 'i1', { keyId: pair.publicKey.id, publicKey });
  const exported = path.join(home, 'exported-models.key');
  const elsewhere = path.join(home, 'elsewhere', 'agent.key');
  expect(await bellhop(['keys', 'export', '--models', exported])).toMatchObject({ code: 0 });
  expect(await bellhop(['keys', 'import', exported], { BELLHOP_MODEL_KEY_FILE: elsewhere })).toMatchObject({ code: 0 });
  await expect(readKeyFile(elsewhere)).resolves.toEqual(pair);
  expect((await bellhop(['keys', 'show'])).out).toContain(`Key for models ${pair.publicKey.id}\n`);
});

test('a reader that closes the pipe early is no failure', async () => {
  const { out, err } = await new Promise<{ out: string; err: string }>((resolve) => {
    const command = `"${process.execPath}" "${MAIN}" schema | head -n 1`;
    execFile('sh', ['-c', command], (_error, stdout, stderr) => resolve({ out: stdout, err: stderr }));
  });
  expect(out).toBe('{\n');
  expect(err).toBe('');
});

test('why and effective say what the grants of repositories allow, and not only the rules', async () => {
  const merge = 'https://git.acme.test/api/v1/repos/acme/shop/pulls/1/merge';
  const refused = await bellhop(['why', '#platform-eng', 'POST', merge]);
  expect(refused.out).toMatch(/^BLOCKED +POST .*\n.*grants of repositories decide/);
  const other = await bellhop(['why', '#platform-eng', 'GET', 'https://git.acme.test/acme/other.git/info/refs']);
  expect(other.out).toMatch(/^BLOCKED .*\nThe repository acme\/other is not granted here/);
  const read = await bellhop(['why', '#platform-eng', 'GET', 'https://git.acme.test/api/v1/repos/acme/shop']);
  expect(read.out).toMatch(/^INJECTED /);
  const { out } = await bellhop(['effective', '#platform-eng']);
  expect(out).toMatch(
    /Of repositories, only:\n +propose +acme\/shop +bellhop\/\* +acme-git +acme-code ← #platform-eng/,
  );
});

test('an MCP server is shown with its tools, and what waits is named by plan and approved', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bellhop-file-'));
  const file = path.join(folder, 'bellhop.yaml');
  const server = {
    kind: 'mcp',
    url: 'https://mcp.a.test/mcp',
    addresses: ['10.1.2.0/24:443'],
    tools: { allow: ['list_*'] },
    credential: { kind: 'bearer' },
  };
  // JSON is YAML.
  const guardrails = { 'no-drops': { mcp: '*', tools: ['*drop*'], reason: 'Nothing is dropped.' } };
  const tests = [{ from: '#general', tool: 'tracker.list_a', expect: 'injected by tracker' }];
  const organization = { bundles: ['all'] };
  await writeFile(
    file,
    JSON.stringify({
      organization,
      bundles: { all: { connections: ['tracker'] } },
      connections: { tracker: server },
      guardrails,
      tests,
    }),
  );
  expect((await bellhop(['apply', file])).code).toBe(0);
  const ref = { owner: '', connection: 'tracker', url: server.url };
  const tool = (name: string, description: string) => readTool({ name, description, inputSchema: { type: 'object' } });
  await claimListing(db.database, ref, { usualMs: 0, troubledMs: 0 });
  await storeListing(db.database, ref, [tool('list_a', 'one'), tool('drop', '')]);
  await storeListing(db.database, ref, [tool('list_a', 'other'), tool('list_\u200bb', ''), tool('drop', 'x')]);

  const shown = await bellhop(['connections', 'show', 'tracker']);
  expect(shown.out).toContain(
    'list_a: allowed, changed since it was approved: waits until an administrator approves it',
  );
  expect(shown.out).toContain('list_?b: allowed, new: waits');
  expect(shown.out).toContain('drop: not allowed\n');
  expect(shown.out).toContain('./bellhop connections approve tracker');
  const plan = await bellhop(['plan', file]);
  expect(plan.out).toContain('  tracker: list_a (changed), list_?b (new)\n    ./bellhop connections approve tracker');

  const why = async (name: string, ...more: string[]) => (await bellhop(['why', '#general', 'mcp', name, ...more])).out;
  expect(await why('tracker.list_a')).toMatch(
    /^ALLOWED {2}tracker\.list_a from #general\nAllowed by list_\* in line 1: tracker ← all ← organization\.\nIt is changed, and offered to nobody until .*\nDialled at 10\.1\.2\.0\/24:443 \(the proxy could not be asked for the operator's ceilings\)\.\n/,
  );
  expect(await why('tracker.list_drop')).toMatch(
    /^BLOCKED \(guardrail\) {2}.*\nThe organization's guardrail no-drops forbids tracker\.list_drop everywhere\. Nothing is dropped\.\n\nLooked at/,
  );
  expect(await why('tracker.create')).toContain(
    'tracker.create is not covered: tracker ← all ← organization allows list_*.',
  );
  expect(JSON.parse(await why('tracker.list_x', '--json'))).toMatchObject({
    outcome: 'allowed',
    state: 'not listed',
    tool: 'list_x',
    addresses: [{ range: '10.1.2.0/24', port: 443 }],
    ceilings: null,
  });
  expect(await bellhop(['why', '#general', 'mcp', 'tracker'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('tracker is no tool: write server.tool'),
  });
  expect((await bellhop(['effective', '#general'])).out).toContain('tracker.list_*');

  // What is approved was shown before, with all that a model is given.
  const waits = await bellhop(['connections', 'approve', 'tracker']);
  expect(waits.out).toMatch(/^list_a@[0-9a-f]{16}\n {4}other\n {4}arguments: \{"type":"object"\}$/m);
  const shownNames = [...waits.out.matchAll(/^(list_\S+@[0-9a-f]{16})$/gm)].map(([, name]) => name ?? '');
  expect(shownNames).toHaveLength(2);
  const first = shownNames.find((name) => name.startsWith('list_a@')) ?? '';
  expect(await bellhop(['connections', 'approve', 'tracker', first, 'list_a'])).toMatchObject({
    code: 1,
    out: `Approved from the next turn on: ${first}.\nNot waiting in this definition: list_a. See ./bellhop connections approve tracker.\n`,
  });
  // A server that changes its words between the look and the approval gains nothing.
  await storeListing(db.database, ref, [tool('list_a', 'other'), tool('list_c', 'as it was shown')]);
  const seen = /^(list_c@\S+)$/m.exec((await bellhop(['connections', 'approve', 'tracker'])).out)?.[1] ?? '';
  await storeListing(db.database, ref, [tool('list_a', 'other'), tool('list_c', 'as nobody has seen it')]);
  expect((await bellhop(['connections', 'approve', 'tracker', seen])).code).toBe(1);
  expect((await bellhop(['connections', 'approve', 'tracker'])).out).toContain('as nobody has seen it');
  await storeListing(db.database, ref, [tool('list_a', 'other')]);
  expect((await bellhop(['connections', 'approve', 'tracker'])).out).toBe('No tool of tracker waits.\n');
  expect((await bellhop(['plan', file])).out).not.toContain('wait until');
  await rm(folder, { recursive: true });
});
