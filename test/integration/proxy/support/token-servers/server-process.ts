import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { plainEnvironment } from '../../../../support/plain-environment.ts';

/** A server of somebody else's, in a process of its own: these packages have ES modules only. */
export interface ServerProcess extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Answers requests of an origin with TLS by passing them on to the server. */
  readonly front: http.RequestListener;
  /** Asks the script for something that no client may ask. */
  call<T>(what: string, argument?: unknown): Promise<T>;
}

/** @param name a script beside this file, which uses `serve.ts` */
export async function startServerProcess(name: 'oidc' | 'github' | 'login', options: unknown): Promise<ServerProcess> {
  const child = fork(path.join(import.meta.dirname, `${name}.ts`), [], {
    env: plainEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  // Not as an argument: everybody on the machine can read those, and the options hold secrets.
  child.send({ options });
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`${name} ended with ${code}: ${log}`);
  });
  ended.catch(() => {});
  let calls = 0;
  const waiting = new Map<number, (answer: unknown) => void>();
  const port = await Promise.race([
    ended,
    new Promise<number>((resolve) => {
      child.on('message', (message: { port?: number; call?: number; answer?: unknown }) => {
        if (message.port !== undefined) resolve(message.port);
        else if (message.call !== undefined) waiting.get(message.call)?.(message.answer);
      });
    }),
  ]);
  return {
    url: `http://127.0.0.1:${port}`,
    front: passOn(port),
    call: <T>(what: string, argument: unknown = null) => {
      calls += 1;
      const call = calls;
      const answered = new Promise<T>((resolve) => waiting.set(call, resolve as (answer: unknown) => void));
      child.send({ call, what, argument });
      return Promise.race([answered, ended]);
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended.catch(() => {});
    },
  };
}

function passOn(port: number): http.RequestListener {
  return (request, response) => {
    const headers = { ...request.headers, 'x-forwarded-proto': 'https' };
    const onward = http.request({ host: '127.0.0.1', port, method: request.method, path: request.url, headers });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  };
}
