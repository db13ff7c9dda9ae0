import path from 'node:path';
import { reasonOf, SetupError } from '../../../setup/errors.ts';
import type { DatabaseUrls } from '../../../setup/host/database-urls.ts';
import { ownerPassword } from '../../../setup/host/owner-password.ts';
import { PORTS } from '../../../setup/host/port-wishes.ts';
import { askPostgres } from '../../../setup/postgres/ask.ts';
import { findPostgresBinaries } from '../../../setup/postgres/binaries.ts';
import { CLUSTER_OWNER, type Cluster, initializeCluster, serverArguments } from '../../../setup/postgres/cluster.ts';
import { provideDataFolder } from '../../../setup/postgres/data-folder.ts';
import { prepareSchema } from '../../../setup/postgres/schema.ts';
import { postgresUser } from '../../../setup/postgres/unix-user.ts';
import { waitForPostgres } from '../../../setup/postgres/wait.ts';
import type { ChildSpec } from '../child-spec.ts';
import { inheritedBy } from '../environments.ts';
import { guarded } from '../guarded-program.ts';
import { joined } from '../remarks.ts';
import type { UpContext } from '../up-context.ts';

const ANSWER_MS = 10_000;

/** PostgreSQL with today's schema and a role for each process: the one that DATABASE_URL names, or an embedded one. */
export async function startPostgres(context: UpContext): Promise<DatabaseUrls> {
  const { home, settings, journal, signal } = context;
  const ownerUrl = await journal.step('postgres', async (say) => {
    return settings.databaseUrl ? await checkExternal(settings.databaseUrl, signal) : await startEmbedded(context, say);
  });
  return await journal.step('schema', async () => {
    const embedded = settings.databaseUrl === undefined;
    const { id: installation } = home.installation;
    const urls = await prepareSchema({ ownerUrl, embedded, installation, urlsFile: home.databaseUrls });
    return { detail: 'schema up to date, a role with its own grants for each process', value: urls };
  });
}

async function checkExternal(url: string, signal: AbortSignal): Promise<{ detail: string; value: string }> {
  const { hostname, port, pathname } = new URL(url);
  await waitForPostgres(url, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])).catch((error: unknown) => {
    throw new SetupError('postgres-unavailable', `PostgreSQL of DATABASE_URL (${hostname}): ${reasonOf(error)}`);
  });
  return { detail: `DATABASE_URL: ${hostname}:${port || 5432}${pathname}`, value: url };
}

async function startEmbedded(context: UpContext, say: (detail: string) => void) {
  const { home, environment, supervisor, signal } = context;
  const user = await postgresUser(say);
  const binaries = await findPostgresBinaries(user);
  const data = await provideDataFolder(home.postgres, path.join(home.installation.dataFolder, 'postgres'), user);
  const cluster = { binaries, folder: data.path, user };
  const password = await ownerPassword(home.folder);
  say('preparing the data folder');
  await initializeCluster(cluster, password, signal);

  const chosen = await context.ports.choose(PORTS.postgres);
  const url = `postgres://${CLUSTER_OWNER}:${password}@127.0.0.1:${chosen.port}/postgres`;
  say(`starting PostgreSQL ${binaries.version}`);
  const args = serverArguments(cluster, chosen.port, context.postgresSettings);
  await supervisor.start(postgresChild(cluster, args, url, inheritedBy('local', environment)));
  return {
    detail: joined(`embedded PostgreSQL ${binaries.version} on port ${chosen.port}`, chosen.brief),
    more: joined(chosen.remark, data.remark),
    value: url,
  };
}

/** The child of `up` that runs an embedded server. */
export function postgresChild(
  { binaries, user }: Cluster,
  args: readonly string[],
  url: string,
  env: Readonly<Record<string, string>>,
): ChildSpec {
  const program = {
    command: binaries.postgres,
    args,
    cwd: '/',
    uid: user?.uid,
    gid: user?.gid,
    // PostgreSQL's fast shutdown: ends sessions, writes a checkpoint.
    stopSignal: 'SIGINT',
    stopWithinMs: 20_000,
  } as const;
  return guarded(program, {
    name: 'postgres',
    env,
    readyWithinMs: 60_000,
    liveness: { ask: async () => await askPostgres(url), everyMs: 5_000, silentMs: 30_000 },
    probe: async (signal) => await waitForPostgres(url, signal),
  });
}
