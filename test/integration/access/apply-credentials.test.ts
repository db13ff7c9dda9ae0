import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { applyText } from '../../../cli/apply/apply-text.ts';
import { listCredentials } from '../../../store/credentials.ts';
import { currentPolicy } from '../../../store/policy.ts';
import { listSchedules } from '../../../store/schedules.ts';
import { NOW } from '../../support/access-yaml.ts';
import { createTestAuthority } from '../proxy/support/test-authority.ts';
import { type ApplyStage, CANARY, createApplyStage, FILE } from './support/apply-stage.ts';

let stage: ApplyStage;

beforeEach(async () => {
  stage = await createApplyStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

test('a new secret makes a new version; the one before stays for requests under way, the one before that goes', async () => {
  for (const token of ['first-secret', 'second-secret', 'third-secret']) await stage.apply(FILE, { token });
  await expect(stage.secretOf('api')).resolves.toBe('third-secret');
  expect((await listCredentials(stage.database)).map(({ version }) => version)).toEqual([2, 3]);
});

test('the credential of a connection that is gone is gone', async () => {
  await stage.apply(FILE);
  await stage.apply('organization: {}');
  await expect(listCredentials(stage.database)).resolves.toEqual([]);
  await expect(listSchedules(stage.database)).resolves.toEqual([]);
});

test.each([
  ['another host', (text: string) => text.replace('host: api.a.test', 'host: evil.test')],
  ['another port', (text: string) => text.replace('host: api.a.test', 'host: api.a.test\n    port: 8443')],
  ['another kind', (text: string) => text.replace('kind: bearer', 'kind: basic')],
])('a connection with %s needs its secret again', async (_name, change) => {
  await stage.apply(FILE);
  await expect(stage.apply(change(FILE), { token: '' })).rejects.toThrow(
    /connections\.api\.credential\.fromEnv: the environment variable API_TOKEN is not set, and the stored credential is bound/,
  );
  await expect(currentPolicy(stage.database)).resolves.toMatchObject({ version: 1 });
});

test('a new connection without its secret is refused, and nothing is changed', async () => {
  await expect(stage.apply(FILE, { token: '' })).rejects.toThrow(
    'bellhop.yaml:8: connections.api.credential.fromEnv: the environment variable API_TOKEN is not set, and no credential is stored for this connection',
  );
  await expect(currentPolicy(stage.database)).resolves.toMatchObject({ version: 0 });
});

test('a secret that no header can carry is refused without being repeated', async () => {
  const refusal = await stage.apply(FILE, { token: `${CANARY}\r\nX-Admin: 1` }).catch((error: Error) => error);
  expect(String(refusal)).toContain('has a line break or another control character');
  expect(String(refusal)).not.toContain(CANARY);
});

test('a secret is read from a file beside bellhop.yaml, its last line break dropped', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bellhop-apply-'));
  try {
    await writeFile(path.join(folder, 'token'), `${CANARY}\n`);
    const text = FILE.replace('fromEnv: API_TOKEN', 'fromFile: token');
    await stage.apply(text, { file: path.join(folder, 'bellhop.yaml'), token: '' });
    await expect(stage.secretOf('api')).resolves.toBe(CANARY);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a secret is what a command prints, and a command that fails is named without what it printed', async () => {
  const withCommand = (script: string) =>
    FILE.replace('fromEnv: API_TOKEN', () => `fromCommand: [sh, -c, '${script}']`);
  await stage.apply(withCommand('printf "%s\\n" "$API_TOKEN"'));
  await expect(stage.secretOf('api')).resolves.toBe(CANARY);

  await stage.database.query('delete from policy');
  const failing = stage.apply(withCommand(`echo ${CANARY}; exit 3`));
  await expect(failing).rejects.toThrow('the command sh ended with exit code 3, and no credential is stored');
  await expect(failing).rejects.not.toThrow(CANARY);
  await expect(stage.apply(withCommand('kill -9 $$'))).rejects.toThrow('the command sh ended with SIGKILL');
  const missing = FILE.replace('fromEnv: API_TOKEN', 'fromCommand: [no-such-program-here]');
  await expect(stage.apply(missing)).rejects.toThrow('the command no-such-program-here cannot be run (ENOENT)');
});

describe('authorities of a connection', () => {
  const WITH_CA = FILE.replace('    methods: [GET]\n', '    ca: corp-ca.pem\n');

  async function withFile(content: string, act: (file: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'bellhop-ca-'));
    try {
      await writeFile(path.join(folder, 'corp-ca.pem'), content);
      await act(path.join(folder, 'bellhop.yaml'));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  test('are read from the file beside bellhop.yaml, and a credential is bound to them', async () => {
    const { pem } = await createTestAuthority();
    await withFile(`# ours\n${pem}\n`, async (file) => {
      await stage.apply(WITH_CA, { file });
      expect((await currentPolicy(stage.database)).connections[0]?.ca).toBe(pem.trim().concat('\n'));
      await expect(stage.secretOf('api')).resolves.toBe(CANARY);
    });
    const other = await createTestAuthority();
    await withFile(other.pem, async (file) => {
      await expect(stage.apply(WITH_CA, { file, token: '' })).rejects.toThrow(
        'bound to the hosts, ports and use it had before',
      );
    });
  });

  test.each([
    ['', 'holds no certificate in PEM'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'certificate 1 of the file'],
    ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'holds a private key'],
  ])('in a file of %j are refused at their line', async (content, problem) => {
    await withFile(content, async (file) => {
      await expect(stage.apply(WITH_CA, { file })).rejects.toThrow(problem);
      await expect(stage.apply(WITH_CA, { file })).rejects.toThrow('bellhop.yaml:8: connections.api.ca: ');
    });
  });
});

test('a sealed row that is moved to another connection, or whose connection gets another host, does not open', async () => {
  await stage.apply(
    FILE.replace('connections: [api]', 'connections: [api, other]').replace(
      'schedules:',
      '  other: { host: b.test, credential: { kind: bearer, fromEnv: API_TOKEN } }\nschedules:',
    ),
  );
  await stage.database.query(
    "update credential set sealed = (select sealed from credential where connection = 'api') where connection = 'other'",
  );
  await expect(stage.secretOf('other')).rejects.toMatchObject({ code: 'does_not_open' });
  await stage.database.query(
    `update policy set document = jsonb_set(document, '{connections,0,rules,0,host}', '"evil.test"') where version = 1`,
  );
  await expect(stage.secretOf('api')).rejects.toMatchObject({ code: 'does_not_open' });
});

test('a file that gives no secret is warned of, and a connection that goes takes its credential along in words', async () => {
  await stage.apply(FILE);
  const fromFile = await stage.apply(FILE.replace('fromEnv: API_TOKEN', 'fromFile: nowhere'), { dryRun: true });
  expect(applyText(fromFile, NOW)).toMatch(
    /warning:.* no new credential of api: the file .*nowhere cannot be read \(ENOENT\); the stored one stays in use/,
  );
  const without = await stage.apply('organization: { bundles: [web] }\nbundles: { web: { domains: [docs.a.test] } }', {
    dryRun: true,
  });
  expect(applyText(without, NOW)).toContain('connection api, and the credential that is stored for it');
});
