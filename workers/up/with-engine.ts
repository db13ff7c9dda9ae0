import { mkdir } from 'node:fs/promises';
import { connectEngine, type Engine } from '../../docker/engine.ts';
import type { Home } from '../../setup/host/home.ts';
import { provideSupervisedEngine } from './services/docker-engine.ts';
import { createSupervisor } from './supervisor.ts';

export interface WithEngineOptions {
  readonly home: Home;
  readonly environment: NodeJS.ProcessEnv;
  readonly tell: (line: string) => void;
}

/**
 * Works with the Docker Engine while `up` does not run. An engine that `up` would start is started for this work and stopped again. None
 * is installed.
 *
 * @throws SetupError `docker-unavailable` when there is no engine; nothing was done then
 */
export async function withEngine<T>(
  { home, environment, tell }: WithEngineOptions,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  await mkdir(home.children, { recursive: true, mode: 0o700 });
  const supervisor = createSupervisor({ logs: home.logs, children: home.children, onChange: () => {}, log: () => {} });
  const context = { environment, supervisor, tell, signal: new AbortController().signal };
  try {
    await provideSupervisedEngine(context, { say: tell, mayInstall: false });
    return await work(await connectEngine({ env: environment }));
  } finally {
    await supervisor.stopAll();
  }
}
