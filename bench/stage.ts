import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { connectEngine, type Engine } from '../docker/engine.ts';
import { ensureSandboxImage } from '../docker/sandbox-image.ts';
import { removeContainersOf } from '../test/support/installation/containers.ts';
import { type Installation, startInstallation } from '../test/support/installation/installation.ts';

/** What a measurement works on; everything is made when first asked for and removed at the end. */
export interface BenchStage extends AsyncDisposable {
  /** How many rounds to take where `usual` is the default. */
  rounds(usual: number): number;
  /** A whole Bellhop with its processes. Slack, model and the outside world are simulators in this process. */
  installation(): Promise<Installation>;
  readonly engine: Engine;
  readonly image: string;
  /** Label of containers that belong to a measurement itself. */
  readonly label: string;
  /** A folder whose path is short enough for sockets. */
  readonly folder: string;
  /** A variable environment for child processes. */
  readonly environment: NodeJS.ProcessEnv;
  tell(line: string): void;
}

export interface BenchStageOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly rounds: number | null;
  readonly tell: (line: string) => void;
}

export async function createBenchStage({ environment, rounds, tell }: BenchStageOptions): Promise<BenchStage> {
  await using started = new AsyncDisposableStack();
  const engine = await connectEngine({ env: environment });
  const { name: image } = await ensureSandboxImage({ engine });
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bb-'));
  // Users of sandboxes pass through it to the folders they mount.
  await chmod(folder, 0o711);
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const label = `b${randomBytes(4).toString('hex')}`;
  started.defer(() => removeContainersOf(label));
  const everything = started.move();
  let installation: Promise<Installation> | undefined;
  return {
    rounds: (usual) => rounds ?? usual,
    installation: () =>
      (installation ??= startInstallation().then((bellhop) => {
        everything.use(bellhop);
        return bellhop;
      })),
    engine,
    image,
    label,
    folder,
    environment,
    tell,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}
