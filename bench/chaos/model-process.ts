import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import readline from 'node:readline';
import { ROOT } from '../../setup/host/home.ts';
import { plainEnvironment } from '../../test/support/plain-environment.ts';

/** How long the model's vendor takes to replace a server of its own. */
const AGAIN_MS = 300;

/** The demo model as a server of somebody else's: it stays at one address, and is started again when it ends. */
export interface ModelProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

export async function startModelProcess(): Promise<ModelProcess> {
  let child: ChildProcess;
  let stopping = false;
  const launch = (port: number): ChildProcess => {
    const launched = spawn(process.execPath, [path.join(ROOT, 'simulators', 'model-api', 'main.ts')], {
      env: { ...plainEnvironment(), MODEL_SIM_PORT: String(port), MODEL_SIM_DELAY_MS: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = launched;
    return launched;
  };
  const first = launch(0);
  if (!first.stdout) throw new Error('the demo model has no output');
  const [line] = (await once(readline.createInterface({ input: first.stdout }), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  const port = Number(new URL(url).port);
  const keepRunning = (running: ChildProcess): void => {
    running.stdout?.resume();
    running.once('exit', () => {
      if (!stopping) setTimeout(() => !stopping && keepRunning(launch(port)), AGAIN_MS);
    });
  };
  keepRunning(first);
  return {
    url,
    get pid() {
      return child.exitCode === null && child.signalCode === null ? (child.pid ?? 0) : 0;
    },
    async [Symbol.asyncDispose]() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
