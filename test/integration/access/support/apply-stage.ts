import { type ApplyResult, applyFile } from '../../../../cli/apply/apply-file.ts';
import { bindingOf } from '../../../../credentials/binding.ts';
import { createKeyPair, type KeyPair } from '../../../../credentials/key-pair.ts';
import { open } from '../../../../credentials/open.ts';
import { saveChannel } from '../../../../store/channels.ts';
import { registerInstallationKey, sealedCredentials } from '../../../../store/credentials.ts';
import type { Database, Queryable } from '../../../../store/database.ts';
import { currentPolicy } from '../../../../store/policy.ts';
import { NOW } from '../../../support/access-yaml.ts';
import { createTestDatabase } from '../../../support/database.ts';

export const CANARY = 'canary-91c0a7de';
export const CHANNEL = { team: 'T1', kind: 'public', external: false } as const;

export const FILE = `organization: { bundles: [web] }
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
schedules:
  greet: { channel: "#ops", cron: 0 9 * * *, timezone: Europe/Berlin, prompt: Say hello }
`;

interface Applying {
  readonly token?: string | undefined;
  readonly dryRun?: boolean;
  readonly file?: string;
}

/** An installation without processes: a database with its key and two channels, into which files are applied. */
export interface ApplyStage extends AsyncDisposable {
  readonly url: string;
  readonly database: Database;
  readonly keys: KeyPair;
  apply(text: string, how?: Applying): Promise<ApplyResult>;
  /** The secret of a connection as the proxy would open it by the policy in force. */
  secretOf(id: string, reader?: Queryable): Promise<string>;
}

export async function createApplyStage(): Promise<ApplyStage> {
  const db = await createTestDatabase();
  const { database } = db;
  const keys = await registerTestKey(database);
  await saveChannel(database, { ...CHANNEL, id: 'C1', name: 'ops' });
  await saveChannel(database, { ...CHANNEL, id: 'C2', name: 'general' });
  return {
    url: db.url,
    database,
    keys,
    apply(text, { token = CANARY, dryRun = false, file = 'bellhop.yaml' } = {}) {
      const environment = token === '' ? {} : { API_TOKEN: token };
      return applyFile({ database, file, text, environment, appliedBy: 'test', now: NOW, dryRun });
    },
    async secretOf(id, reader = database) {
      const { connections } = await currentPolicy(reader);
      const connection = connections.find((each) => each.id === id);
      if (!connection) throw new Error(`no connection ${id}`);
      const stored = await sealedCredentials(reader, new Map([[id, connection.credentialVersion]]));
      return open(keys, bindingOf(connection), stored.get(id) ?? new Uint8Array());
    },
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}

/** As the first start of an installation does it. */
export async function registerTestKey(database: Database): Promise<KeyPair> {
  const keys = await createKeyPair();
  await database.query("insert into installation (id) values ('i1')");
  await registerInstallationKey(database, 'i1', {
    keyId: keys.publicKey.id,
    publicKey: Buffer.from(keys.publicKey.bytes).toString('base64'),
  });
  return keys;
}
