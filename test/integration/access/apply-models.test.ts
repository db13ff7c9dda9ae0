import { ApplyError } from '../../../cli/apply/apply-error.ts';
import { planFile } from '../../../cli/plan/plan-file.ts';
import { createKeyPair, type KeyPair } from '../../../credentials/key-pair.ts';
import { modelBinding } from '../../../credentials/model-binding.ts';
import { open } from '../../../credentials/open.ts';
import { openModelKey } from '../../../credentials/open-model-key.ts';
import { listCredentials } from '../../../store/credentials.ts';
import { registerModelKey, sealedModelKey } from '../../../store/model-keys.ts';
import { currentPolicy } from '../../../store/policy.ts';
import { NOW } from '../../support/access-yaml.ts';
import { type ApplyStage, CANARY, createApplyStage } from './support/apply-stage.ts';

const FILE = `organization: { model: large }
models:
  large: { vendor: openai-compatible, base-url: https://llm.a.test/v1, model: m, key: { fromEnv: API_TOKEN } }
  local: { vendor: openai-compatible, base-url: "http://127.0.0.1:1/v1", model: n, for: [summaries] }
`;

let stage: ApplyStage;
let keys: KeyPair;

beforeAll(async () => {
  stage = await createApplyStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

async function modelInForce(name: string) {
  const model = (await currentPolicy(stage.database)).models?.find((each) => each.name === name);
  if (!model) throw new Error(`no model ${name}`);
  return model;
}

async function sealedOf(name: string): Promise<Buffer> {
  const { keyVersion } = await modelInForce(name);
  const sealed = await sealedModelKey(stage.database, name, keyVersion ?? 0);
  if (!sealed) throw new Error(`no key of ${name}`);
  return sealed;
}

test('before the agent worker has a key pair, a file with a key is refused, and one without is not', async () => {
  await expect(stage.apply(FILE)).rejects.toThrow(/no key for models yet: `bellhop up` makes it/);
  const keyless = FILE.replace(', key: { fromEnv: API_TOKEN }', '');
  expect((await stage.apply(keyless)).changed).toBe(true);
  keys = await createKeyPair();
  const publicKey = Buffer.from(keys.publicKey.bytes).toString('base64');
  await registerModelKey(stage.database, 'i1', { keyId: keys.publicKey.id, publicKey });
});

test('a key is sealed for the agent worker alone, and for its host', async () => {
  const result = await stage.apply(FILE);
  expect(result.credentials).toEqual([
    { connection: 'model/large', credential: 'sealed', note: '', source: 'environment' },
  ]);
  const model = await modelInForce('large');
  const sealed = await sealedOf('large');
  expect(await openModelKey(keys, model, sealed)).toBe(CANARY);
  // The proxy's key opens none, and a changed document sends it nowhere else.
  await expect(open(stage.keys, modelBinding(model), sealed)).rejects.toMatchObject({ code: 'key_mismatch' });
  const elsewhere = { ...model, baseUrl: 'https://evil.test/v1' };
  await expect(openModelKey(keys, elsewhere, sealed)).rejects.toMatchObject({ code: 'does_not_open' });
  const { rows } = await stage.database.query<{ text: string }>('select document::text || source as text from policy');
  expect(rows.map(({ text }) => text).join()).not.toContain(CANARY);
});

test('without its source the stored key stays, as long as the host does', async () => {
  const before = (await modelInForce('large')).keyVersion;
  const renamed = FILE.replace('model: m,', 'model: m2,');
  const { credentials } = await stage.apply(renamed, { token: '' });
  expect(credentials).toMatchObject([{ connection: 'model/large', credential: 'kept' }]);
  expect((await modelInForce('large')).keyVersion).toBe(before);
  const failed = await stage.apply(FILE.replace('llm.a.test', 'other.test'), { token: '' }).catch((e: unknown) => e);
  if (!(failed instanceof ApplyError)) throw new Error('not refused');
  expect(failed.problems).toEqual([
    {
      line: 3,
      field: 'models.large.key.fromEnv',
      message: 'the environment variable API_TOKEN is not set, and the stored key is bound to the host it had before',
    },
  ]);
});

test('a new key is a new version, and one that no model has any more is dropped', async () => {
  await stage.apply(FILE, { token: 'another-key' });
  expect(await openModelKey(keys, await modelInForce('large'), await sealedOf('large'))).toBe('another-key');
  const without = FILE.replace('model: large', 'model: local').replace(/^ {2}large:.*\n/m, '');
  const { changes } = await stage.apply(without);
  expect(changes).toContainEqual({ change: 'removed', kind: 'model', name: 'large' });
  expect((await listCredentials(stage.database)).filter(({ connection }) => connection === 'model/large')).toEqual([]);
});

test('plan says which models change, and reads no key', async () => {
  const { database } = stage;
  const plan = await planFile({ database, file: 'bellhop.yaml', text: FILE, now: NOW, replaySince: null });
  expect(plan.changes).toContainEqual({ change: 'added', kind: 'model', name: 'large' });
});
