import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export interface JsonOrigin extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Path of the certificate to trust. */
  readonly authority: string;
}

/** Starts `json-origin.ts` as a process of its own. */
export async function startJsonOrigin(folder: string, host: string): Promise<JsonOrigin> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'json-origin.ts')], {
    env: { PATH: process.env.PATH, ORIGIN_FOLDER: path.join(folder, 'origin'), ORIGIN_HOST: host },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const line = await Promise.race([
    once(child.stdout, 'data').then(([data]) => String(data)),
    ended.then(() => {
      throw new Error('the origin did not start; its words are above');
    }),
  ]);
  const { port, authority } = JSON.parse(line) as { port: number; authority: string };
  return {
    port,
    authority,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
