import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NAMESPACE } from '../../contracts/search-attributes.ts';
import { reasonOf, SetupError } from '../errors.ts';
import { commandsForLacks, connectUntil, inspectNamespace } from './namespace.ts';

const ANSWER_MS = 10_000;

/**
 * Whether the environment names a Temporal server, by an address or by a profile of Temporal's own configuration file. It is not enough
 * that the file exists: a newcomer's demo must not run in somebody's production namespace.
 */
export function namesExternalTemporal(environment: NodeJS.ProcessEnv): boolean {
  const { TEMPORAL_ADDRESS, TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE } = environment;
  return Boolean(TEMPORAL_ADDRESS || TEMPORAL_PROFILE || TEMPORAL_CONFIG_FILE);
}

/** What to say when there is a profile that is not used; see https://docs.temporal.io/develop/environment-configuration */
export function unusedProfileRemark(environment: NodeJS.ProcessEnv): string | undefined {
  const home = environment.HOME ?? os.homedir();
  const usual = path.join(home, ...(process.platform === 'darwin' ? ['Library', 'Application Support'] : ['.config']));
  const folder = process.platform === 'linux' ? environment.XDG_CONFIG_HOME || usual : usual;
  const file = path.join(folder, 'temporalio', 'temporal.toml');
  return existsSync(file) ? `${file} is not used; TEMPORAL_PROFILE=default would` : undefined;
}

/**
 * The namespace that Bellhop works in. It is known before any server answers. {@link checkExternalTemporal} says what is wrong with a
 * profile.
 */
export function namespaceIn(environment: NodeJS.ProcessEnv): string {
  if (!namesExternalTemporal(environment)) return NAMESPACE;
  try {
    return readProfile(environment).namespace ?? NAMESPACE;
  } catch {
    return NAMESPACE;
  }
}

export interface ExternalTemporal {
  readonly address: string;
  readonly namespace: string;
  readonly retentionHours: number;
}

/**
 * Checks somebody else's server.
 *
 * @throws SetupError `temporal-unavailable` when it does not answer; `temporal-lacks`, with the commands to run, when it lacks something
 */
export async function checkExternalTemporal(
  environment: NodeJS.ProcessEnv,
  stop?: AbortSignal,
): Promise<ExternalTemporal> {
  const { connectionOptions, namespace: configured } = readProfile(environment);
  const address = connectionOptions.address ?? '127.0.0.1:7233';
  const namespace = configured ?? NAMESPACE;
  const signal = AbortSignal.any([AbortSignal.timeout(ANSWER_MS), ...(stop ? [stop] : [])]);
  const connection = await connectUntil(connectionOptions, signal).catch((error: unknown) => {
    throw new SetupError('temporal-unavailable', `Temporal at ${address} does not answer: ${reasonOf(error)}`);
  });
  try {
    const state = await inspectNamespace(connection, namespace);
    const commands = commandsForLacks(state, namespace, address);
    if (commands.length === 0) return { address, namespace, retentionHours: state.retentionHours };
    const lacks = state.exists ? `search attributes ${state.missingAttributes.join(', ')}` : 'the namespace';
    throw new SetupError(
      'temporal-lacks',
      `Temporal at ${address} lacks ${lacks} (namespace ${namespace})`,
      commands.join('\n       '),
    );
  } finally {
    await connection.close();
  }
}

function readProfile(environment: NodeJS.ProcessEnv): ReturnType<typeof loadClientConnectConfig> {
  const env = Object.fromEntries(Object.entries(environment).filter((entry) => entry[1] !== undefined));
  try {
    return loadClientConnectConfig({ overrideEnvVars: env as Record<string, string> });
  } catch (error) {
    throw new SetupError('bad-setting', `Temporal's configuration: ${reasonOf(error)}`);
  }
}
