import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NAMESPACE } from '../../contracts/search-attributes.ts';
import { reasonOf, SetupError } from '../errors.ts';
import { commandsForLacks, connectUntil, inspectNamespace } from './namespace.ts';

const ANSWER_MS = 10_000;

/**
 * A Temporal server that the environment names: an address, or a profile of Temporal's own configuration file. The mere
 * existence of that file is not enough, for a newcomer's demo must not land in somebody's production namespace.
 */
export function namesExternalTemporal(environment: NodeJS.ProcessEnv): boolean {
  const { TEMPORAL_ADDRESS, TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE } = environment;
  return Boolean(TEMPORAL_ADDRESS || TEMPORAL_PROFILE || TEMPORAL_CONFIG_FILE);
}

/** Said when a profile lies there unused; see https://docs.temporal.io/develop/environment-configuration */
export function unusedProfileRemark(environment: NodeJS.ProcessEnv): string | undefined {
  const home = environment.HOME ?? os.homedir();
  const usual = path.join(home, ...(process.platform === 'darwin' ? ['Library', 'Application Support'] : ['.config']));
  const folder = process.platform === 'linux' ? environment.XDG_CONFIG_HOME || usual : usual;
  const file = path.join(folder, 'temporalio', 'temporal.toml');
  return existsSync(file) ? `${file} is not used; TEMPORAL_PROFILE=default would` : undefined;
}

/**
 * The namespace that Bellhop works in, which is known before any server answers. What is wrong with a profile is told by
 * {@link checkExternalTemporal}.
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

/** Checks a server of someone else's and refuses to start on one that lacks something, naming the commands that add it. */
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
