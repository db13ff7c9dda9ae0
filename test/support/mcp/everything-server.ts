import { type ChildProcess, spawn } from 'node:child_process';
import http, { type RequestListener } from 'node:http';
import path from 'node:path';
import { freePort } from '../free-port.ts';
import { until } from '../until.ts';

const MAIN = path.join(
  import.meta.dirname,
  ...['..', '..', '..', 'node_modules', '@modelcontextprotocol', 'server-everything', 'dist', 'index.js'],
);

/** The reference server of the MCP project, in a process of its own. */
export interface EverythingServer extends AsyncDisposable {
  /** Carries requests to it, so that it can stand behind TLS and a name. */
  readonly onRequest: RequestListener;
  /** `POST tools/call`, `DELETE`, … of every request that came. */
  readonly asked: readonly { readonly what: string; readonly authorization: string | undefined }[];
}

export async function startEverythingServer(): Promise<EverythingServer> {
  const port = await freePort();
  const child = spawn(process.execPath, [MAIN, 'streamableHttp'], {
    env: { PATH: process.env.PATH, PORT: String(port) },
    stdio: 'ignore',
  });
  await until(() => answers(port), 'the reference server');
  const asked: { what: string; authorization: string | undefined }[] = [];
  return {
    asked,
    onRequest(request, response) {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        const method = body.length > 0 ? (JSON.parse(body.toString()) as { method?: string }).method : undefined;
        asked.push({
          what: [request.method, method].filter(Boolean).join(' '),
          authorization: request.headers.authorization,
        });
        const inner = http.request({ port, path: request.url, method: request.method, headers: request.headers });
        response.once('close', () => inner.destroy());
        inner.on('error', () => response.destroy());
        inner.on('response', (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
        inner.end(body);
      });
    },
    [Symbol.asyncDispose]: () => ended(child),
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    http
      .get({ port, path: '/mcp' }, (answer) => {
        answer.resume();
        resolve(true);
      })
      .on('error', () => resolve(false));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
