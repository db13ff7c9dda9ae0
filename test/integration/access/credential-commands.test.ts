import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { bindingOf } from '../../../credentials/binding.ts';
import { keyFileIn, provideKeyFile, readKeyFile } from '../../../credentials/key-file.ts';
import { open } from '../../../credentials/open.ts';
import { registerInstallationKey, sealedCredentials } from '../../../store/credentials.ts';
import { currentPolicy } from '../../../store/policy.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const MAIN = path.join(import.meta.dirname, '../../../cli/main.ts');
const SECRET = 'canary-51c7e0';
/** A terminal with a person who types when asked. What the terminal shows is printed. */
const TERMINAL = `
import os, pty, sys
typed = sys.argv[1].encode().decode("unicode_escape").encode()
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown = b""
while True:
    try:
        read = os.read(terminal, 1024)
    except OSError:
        break
    shown += read
    if typed and shown.rstrip().endswith(b":"):
        os.write(terminal, typed)
        typed = b""
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

const FILE = `organization: { bundles: [data] }
bundles:
  data: { connections: [api, app] }
connections:
  api:
    host: api.a.test
    test: GET https://api.a.test/v1/me
    credential: { kind: bearer }
  app:
    host: app.a.test
    credential: { kind: aws-sigv4, region: eu-x-1, service: s3 }
`;

// Each command is a process of its own, and the machine may be busy.
jest.setTimeout(120_000);

let db: TestDatabase;
let home: string;

beforeEach(async () => {
  db = await createTestDatabase();
  home = await mkdtemp(path.join(os.tmpdir(), 'bellhop-home-'));
  const publicKey = await provideKeyFile(keyFileIn(home));
  await db.database.query("insert into installation (id) values ('i1')");
  await registerInstallationKey(db.database, 'i1', {
    keyId: publicKey.id,
    publicKey: Buffer.from(publicKey.bytes).toString('base64'),
  });
  await writeFile(path.join(home, 'bellhop.yaml'), FILE);
  await writeFile(path.join(home, 'terminal.py'), TERMINAL);
});
afterEach(async () => {
  await db[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

function run(program: string, args: readonly string[], input = ''): Promise<{ code: number | null; text: string }> {
  const env = { PATH: process.env.PATH, NO_COLOR: '1', BELLHOP_HOME: home, BELLHOP_DATABASE_URL: db.url };
  const child = spawn(program, args, { env, cwd: home });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, text })));
}

const bellhop = (args: readonly string[], input?: string) => run(process.execPath, [MAIN, ...args], input);
const onTerminal = (typed: string, args: readonly string[]) =>
  run('python3', [path.join(home, 'terminal.py'), typed, process.execPath, MAIN, ...args]);

/** As the proxy opens it. */
async function opened(connection: string): Promise<string | null> {
  const document = await currentPolicy(db.database);
  const found = document.connections.find(({ id }) => id === connection);
  if (!found) throw new Error(`no ${connection}`);
  const sealed = await sealedCredentials(db.database, new Map([[connection, found.credentialVersion]]));
  const text = sealed.get(connection);
  return text ? open(await readKeyFile(keyFileIn(home)), bindingOf(found), text) : null;
}

test('a connection without a source is put in force without a credential, and says how to enter one', async () => {
  const { code, text } = await bellhop(['apply']);
  expect(code).toBe(0);
  expect(text).toContain(
    'warning: api has no credential (no credential is stored for this connection): ./bellhop credentials set api',
  );
  expect((await bellhop(['credentials', 'list'])).text).toMatch(/^api +bearer +no credential$/m);
  expect((await bellhop(['connections', 'show', 'api'])).text).toMatch(
    /credential +none: \.\/bellhop credentials set api/,
  );
});

describe('with a file in force', () => {
  beforeEach(async () => {
    expect((await bellhop(['apply'])).code).toBe(0);
  });

  test('a secret from a pipe is sealed, shown nowhere, and kept by the next apply', async () => {
    const { code, text } = await bellhop(['credentials', 'set', 'api'], `${SECRET}\n`);
    expect({ code, text }).toEqual({ code: 0, text: 'Version 2 of the credential of api is in use, as policy 2.\n' });
    expect(await opened('api')).toBe(SECRET);
    const shown = [
      ['credentials', 'list'],
      ['connections', 'list'],
      ['connections', 'show', 'api', '--json'],
    ];
    for (const args of [...shown, ['credentials', 'list', '--json']]) {
      expect((await bellhop(args)).text).not.toContain(SECRET);
    }
    expect((await bellhop(['apply'])).text).toContain('is in force already, as policy 2');
    expect(await opened('api')).toBe(SECRET);
  });

  test('on a terminal a secret is asked for, and not shown while it is typed', async () => {
    const typo = `${SECRET}xy\\x7f\\x7f\\r`;
    const { code, text } = await onTerminal(typo, ['credentials', 'set', 'api']);
    expect(text).toMatch(/^Secret of api \(bearer\): \r\n/);
    expect(text).not.toContain(SECRET);
    expect(code).toBe(0);
    expect(await opened('api')).toBe(SECRET);
  });

  test('a secret with several lines is ended with Ctrl-D', async () => {
    const key = `{"access_key_id":"AKID",\\r"secret_access_key":"${SECRET}"}\\r\\x04`;
    const { code, text } = await onTerminal(key, ['credentials', 'set', 'app']);
    expect(text).toContain('Secret of app (aws-sigv4) (end with Ctrl-D): ');
    expect(text).not.toContain(SECRET);
    expect(code).toBe(0);
    expect(await opened('app')).toBe(`{"access_key_id":"AKID",\n"secret_access_key":"${SECRET}"}`);
  });

  test('Ctrl-C changes nothing', async () => {
    const { code, text } = await onTerminal(`${SECRET}\\x03`, ['credentials', 'set', 'api']);
    expect(text).toContain('nothing was changed');
    expect(code).toBe(1);
    expect((await currentPolicy(db.database)).version).toBe(1);
  });

  test.each<[string[], string, RegExp]>([
    [['set', 'api'], '', /no secret was given/],
    [['set', 'api'], `${SECRET}\nX-Evil: 1`, /the secret of api has a line break/],
    [['set', 'app'], `{"access_key_id":"${SECRET}"}`, /the secret of app has no secret_access_key/],
    [['set', 'aip'], SECRET, /no connection aip is in force \(did you mean .*api/],
    [['rotate', 'api', '--overlap', '10'], SECRET, /a time such as 30s, 10m/],
    [['rotate', 'api', '--overlap', '31d'], SECRET, /at most 30d/],
    [['rotate', 'api', '--back'], '', /no earlier credential/],
    [['revoke', 'api'], '', /no terminal to ask on; --yes/],
  ])('bellhop credentials %j is refused with the reason', async (args, input, words) => {
    const { code, text } = await bellhop(['credentials', ...args], input);
    expect(text).toMatch(words);
    expect(text).not.toContain(SECRET);
    expect(text).not.toMatch(/^\s+at /m);
    expect(code).not.toBe(0);
    expect((await currentPolicy(db.database)).version).toBe(1);
  });

  test('a rotated secret can be put back, and a revoked one not', async () => {
    await bellhop(['credentials', 'set', 'api'], 'the-first');
    const rotated = await bellhop(['credentials', 'rotate', 'api', '--overlap', '1h'], 'the-second');
    expect(rotated.text).toMatch(
      /The one before can be put back until 20.*: \.\/bellhop credentials rotate api --back/,
    );
    expect(await opened('api')).toBe('the-second');
    expect((await bellhop(['credentials', 'list'])).text).toMatch(
      /^api +bearer +version 3 .*version 2 can be put back/m,
    );
    // An apply in between keeps the way back.
    await writeFile(path.join(home, 'bellhop.yaml'), FILE.replace('v1/me', 'v1/us'));
    expect((await bellhop(['apply'])).text).toContain('connection api');
    expect((await bellhop(['credentials', 'rotate', 'api', '--back'])).code).toBe(0);
    expect(await opened('api')).toBe('the-first');
    const revoked = await bellhop(['credentials', 'revoke', 'api', '--yes']);
    expect(revoked.text).toContain('Revoked the credential of api');
    expect(await opened('api')).toBeNull();
    const { rows } = await db.database.query("select from credential where connection = 'api'");
    expect(rows).toEqual([]);
    expect((await bellhop(['connections', 'list'])).text).toMatch(/^api +bearer +no credential +never used/m);
  });

  test('a test without a proxy says that it does not answer', async () => {
    const { code, text } = await bellhop(['connections', 'test', 'api']);
    expect(text).toMatch(/the Agent Proxy does not answer/);
    expect(text).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });
});
