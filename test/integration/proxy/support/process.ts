import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { plainEnvironment } from '../../../support/plain-environment.ts';

/** `workers/proxy.ts` as a process of its own. */
export interface ProxyProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it wrote to stderr so far. */
  log(): string;
  /** Resolves with the exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Resolves at the ready line; rejects when the process ends before. */
  readonly ready: Promise<void>;
}

const SCRIPT = path.join(import.meta.dirname, '..', '..', '..', '..', 'workers', 'proxy.ts');

export function startProxyProcess(env: Record<string, string>): ProxyProcess {
  const child = spawn(process.execPath, [SCRIPT], {
    env: { ...plainEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const ready = new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) =>
      line === '{"ready":"proxy"}' ? resolve() : reject(new Error(line)),
    );
    ended.then((code) => reject(new Error(`ended with ${code}: ${log}`)));
  });
  ready.catch(() => {});
  return { child, pid: child.pid ?? 0, log: () => log, ended, ready };
}
