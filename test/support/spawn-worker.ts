import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { LEAN_AGENT } from '../../workers/up/lean-agent.ts';
import { plainEnvironment } from './plain-environment.ts';

export interface SpawnedWorker {
  readonly pid: number;
  /** Resolves with the line on stdout that says ready; fails with the log if the process ends before. */
  ready(withinMs?: number): Promise<void>;
  /** Everything it wrote to stdout and stderr. */
  output(): string;
  /** Ends it and returns its exit code; null when the signal ended it. */
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

/** Runs `workers/<name>.ts` as `up` does, with this environment, the engine of the tests, and nothing else. */
export function spawnWorker(name: string, environment: Readonly<Record<string, string>>): SpawnedWorker {
  const file = path.join(import.meta.dirname, '..', '..', 'workers', `${name}.ts`);
  const child = spawn(process.execPath, [file], {
    env: { ...plainEnvironment(), ...(name === 'agent' && LEAN_AGENT), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return {
    pid: child.pid ?? 0,
    async ready(withinMs = 60_000) {
      const deadline = Date.now() + withinMs;
      while (!output.includes(`{"ready":"${name}"}`)) {
        if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${name} did not get ready:\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    output: () => output,
    async kill(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}
