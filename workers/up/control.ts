import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import http from 'node:http';
import type { SetupState } from '../../contracts/setup-state.ts';

export interface ControlOptions {
  /** A unix socket; only this user may connect. */
  readonly path: string;
  readonly state: () => SetupState;
  readonly kill: (name: string) => boolean;
}

/**
 * Serves `GET /state` and `POST /processes/<name>/kill` to this user's other processes. The second answers 202, or 404 for a process
 * that does not run; the page's "Kill the worker" calls it.
 */
export async function serveControl({ path, state, kill }: ControlOptions): Promise<AsyncDisposable> {
  const server = http.createServer((request, response) => {
    const { status, body } = answer(request.method ?? '', request.url ?? '');
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  function answer(method: string, url: string): { status: number; body: unknown } {
    if (method === 'GET' && url === '/state') return { status: 200, body: state() };
    const name = /^\/processes\/([a-z-]+)\/kill$/.exec(url)?.[1];
    if (method !== 'POST' || !name) return { status: 404, body: { error: 'no such address' } };
    if (kill(name)) return { status: 202, body: { killed: name } };
    return { status: 404, body: { error: `${name} does not run` } };
  }

  await rm(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
