import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { applyFile } from '../../../cli/apply/apply-file.ts';
import type { RegistryMirrors } from '../../../contracts/registries.ts';
import { keyFileIn, modelKeyFileIn, provideKeyFile } from '../../../credentials/key-file.ts';
import { prepareSchema } from '../../../setup/postgres/schema.ts';
import { sha256Of } from '../../../simulators/acme/ledger.ts';
import { type Acme, startAcme } from '../../../simulators/acme/server.ts';
import { type ModelApi, type ModelApiOptions, startModelApi } from '../../../simulators/model-api/server.ts';
import { registerInstallationKey } from '../../../store/credentials.ts';
import { type Database, openDatabase } from '../../../store/database.ts';
import { registerModelKey } from '../../../store/model-keys.ts';
import { type DatabaseRole, dropRoles } from '../../../store/roles.ts';
import { createTestDatabase } from '../database.ts';
import { startTestSlack, type TestSlack } from '../slack-simulator.ts';
import { until } from '../until.ts';
import { removeContainersOf } from './containers.ts';
import { startTemporalServer, type TemporalServer } from './temporal-server.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

export type ProcessName = 'proxy' | 'gateway' | 'agent' | 'runner';

/** A whole Bellhop on real components; only Slack, the model and the outside world are simulators, in this process. */
export interface Installation extends AsyncDisposable {
  readonly id: string;
  readonly home: string;
  readonly slack: TestSlack;
  readonly model: ModelApi;
  readonly acme: Acme;
  /** Opens what the outside world tells about itself. */
  readonly acmeControlToken: string;
  /** The secret of connection `acme-readonly`: it must be found nowhere. */
  readonly canary: string;
  /** Tokens of people at the simulated git server, by login: `ada`, `linus`. No one of them may be found anywhere either. */
  readonly ownTokens: Readonly<Record<'ada' | 'linus', string>>;
  readonly temporal: TemporalServer;
  /** As the owner of the schema. */
  readonly database: Database;
  /** The address for one role. */
  databaseUrl(role: DatabaseRole): string;
  readonly processes: Readonly<Record<ProcessName, WorkerProcess>>;
  /**
   * Applies an access file, given as text; ports of the demo's file are replaced by the simulator's.
   * @param folder in which it stands as far as paths in it go
   */
  apply(yaml: string, folder?: string): Promise<void>;
  /** The demo's own file without what it offers to people: tests say that themselves. */
  demoFile(): Promise<string>;
  /** Writes the operator's file anew and starts the proxy again, which reads it only then. */
  operate(additions: OperatorAdditions): Promise<void>;
}

export interface InstallationOptions {
  /** For the agent worker and the runner, over the defaults. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Added to the operator's file. */
  readonly operator?: OperatorAdditions;
  /** Added to the environment that `apply` finds secrets in. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly slack?: Parameters<typeof startTestSlack>[0];
  /** Milliseconds a model call takes. @default 0 */
  readonly modelDelayMs?: number;
  /** Whose orders the model carries out. @default people */
  readonly modelObeys?: ModelApiOptions['obeys'];
}

/** What the operator of this machine allows beyond the simulator of the outside world. */
export interface OperatorAdditions {
  /** Names and the `address:port` they are dialled at. */
  readonly hosts?: Readonly<Record<string, string>>;
  readonly ceilings?: readonly { readonly range: string; readonly ports: readonly number[] }[];
  readonly caBundles?: readonly string[];
  readonly registries?: RegistryMirrors;
}

const DEMO_FILE = path.join(import.meta.dirname, '..', '..', '..', 'demo', 'bellhop.yaml');

export async function startInstallation(options: InstallationOptions = {}): Promise<Installation> {
  await using started = new AsyncDisposableStack();
  const id = `t${randomBytes(4).toString('hex').slice(0, 7)}`;
  const canary = `canary-${randomBytes(16).toString('hex')}`;
  const ownToken = () => `own-canary-${randomBytes(16).toString('hex')}`;
  const ownTokens = { ada: ownToken(), linus: ownToken() };
  const home = await mkdtemp(path.join(os.tmpdir(), 'bh-'));
  started.defer(() => rm(home, { recursive: true, force: true }));
  await chmod(home, 0o711);
  const run = path.join(home, 'run');
  await mkdir(run, { mode: 0o700 });
  const db = started.use(await createTestDatabase());
  const slack = started.use(await startTestSlack(options.slack));
  const modelDelay = options.modelDelayMs ?? 0;
  const obeys = options.modelObeys ?? 'people';
  const model = started.use(await startModelApi({ scenarios: [], port: 0, apiKey: null, delayMs: modelDelay, obeys }));
  const acmeControlToken = randomBytes(16).toString('hex');
  const acme = await startAcme({
    folder: path.join(home, 'acme'),
    tokenSha256: sha256Of(canary),
    controlToken: acmeControlToken,
    people: { ada: sha256Of(ownTokens.ada), linus: sha256Of(ownTokens.linus) },
    port: 0,
    now: () => new Date(),
  });
  started.defer(() => acme.close());
  const temporal = await startTemporalServer(path.join(home, 'temporal'));
  started.defer(() => temporal.stop());
  const urls = await prepareSchema({
    ownerUrl: db.url,
    installation: id,
    urlsFile: path.join(home, 'database.json'),
    embedded: false,
  });
  started.defer(() => dropRoles(db.url, id));
  for (const [keyFile, register] of [
    [keyFileIn(home), registerInstallationKey],
    [modelKeyFileIn(home), registerModelKey],
  ] as const) {
    const key = await provideKeyFile(keyFile);
    await register(db.database, id, { keyId: key.id, publicKey: Buffer.from(key.bytes).toString('base64') });
  }
  await writeFile(path.join(home, 'operator.yaml'), operatorFile(acme, options.operator));
  const admin = openDatabase({ url: urls.roles.admin, name: 'test-admin', connections: 1 });
  started.defer(() => admin.end());
  started.defer(() => removeContainersOf(id));

  const common = (role: DatabaseRole) => ({
    BELLHOP_DATABASE_URL: urls.roles[role],
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: 'bellhop',
    ...options.environment,
  });
  const sandboxes = {
    BELLHOP_HOME: home,
    BELLHOP_RUN_DIR: run,
    BELLHOP_PROXY_CONTROL: path.join(run, 'control.sock'),
    BELLHOP_CA_BUNDLE: path.join(home, 'ca-bundle.pem'),
  };
  const start = async (name: ProcessName, environment: Readonly<Record<string, string>>): Promise<WorkerProcess> => {
    const worker = await startWorkerProcess(name, environment);
    started.defer(() => worker.kill('SIGTERM'));
    return worker;
  };
  const proxy = await start('proxy', {
    ...common('proxy'),
    ...sandboxes,
    BELLHOP_KEY_FILE: keyFileIn(home),
    BELLHOP_OPERATOR_FILE: path.join(home, 'operator.yaml'),
  });
  const [gateway, agent, runner] = await Promise.all([
    start('gateway', { ...common('gateway'), ...slack.environment }),
    start('agent', {
      ...common('agent'),
      ANTHROPIC_API_KEY: 'demo',
      ANTHROPIC_BASE_URL: model.url,
      BELLHOP_MODEL_KEY_FILE: modelKeyFileIn(home),
    }),
    start('runner', {
      ...common('runner'),
      ...sandboxes,
      BELLHOP_INSTALLATION: id,
      BELLHOP_RUNNER: 'local',
    }),
  ]);
  const processes = { proxy, gateway, agent, runner };
  await until(
    async () => (await db.database.query('select 1 from channel limit 1')).rowCount === 1,
    'the channels of Slack',
  );

  const installation: Installation = {
    id,
    home,
    slack,
    model,
    acme,
    acmeControlToken,
    canary,
    ownTokens,
    temporal,
    database: db.database,
    databaseUrl: (role) => urls.roles[role],
    processes,
    demoFile: async () => withoutPeople(await readFile(DEMO_FILE, 'utf8')),
    async apply(yaml, folder = '.') {
      const text = yaml.replaceAll('127.0.0.1/32:7443', `127.0.0.1/32:${acme.port}`);
      await applyFile({
        database: admin,
        file: path.join(folder, 'bellhop.yaml'),
        text,
        environment: { ACME_TOKEN: canary, ACME_LOGIN: `bellhop:${canary}`, ...options.secrets },
        appliedBy: 'test',
        now: new Date(),
        mirrors: options.operator?.registries ?? {},
        dryRun: false,
      });
    },
    async operate(additions) {
      await writeFile(path.join(home, 'operator.yaml'), operatorFile(acme, additions));
      await proxy.kill('SIGTERM');
      await proxy.restart();
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
  await installation.apply(await installation.demoFile());
  // From here on whoever asked takes it down; a failure above already has.
  const everything = started.move();
  return installation;
}

/** The section ends at the next line that is not indented. */
function withoutPeople(yaml: string): string {
  return yaml.replace(/^people:.*\n(?:[ \t]+.*\n|\n)*/m, '');
}

/** As an operator writes them. */
function mirrorsText(mirrors: RegistryMirrors) {
  const entries = Object.entries(mirrors).map(([name, { url, also, addresses }]) => {
    const at = addresses.map(({ range, port }) => `${range}:${port}`);
    return [name, { ...(url !== null && { url }), also, ...(at.length > 0 && { addresses: at }) }];
  });
  return Object.fromEntries(entries);
}

/** JSON is YAML. */
function operatorFile(
  acme: Acme,
  { hosts = {}, ceilings = [], caBundles = [], registries = {} }: OperatorAdditions = {},
): string {
  const sites = ['api', 'docs', 'paste', 'git', 'tools'].map((name) => [`${name}.acme.test`, `127.0.0.1:${acme.port}`]);
  return JSON.stringify({
    hosts: { ...Object.fromEntries(sites), ...hosts },
    ceilings: [{ range: '127.0.0.1/32', ports: [acme.port] }, ...ceilings],
    'ca-bundles': [acme.authorityPath, ...caBundles],
    registries: mirrorsText(registries),
  });
}
