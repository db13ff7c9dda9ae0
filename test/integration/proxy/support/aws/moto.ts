import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { type RequestListener, request } from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { freePort } from '../../../../support/free-port.ts';
import { pythonWith } from '../../../../support/python-packages.ts';
import { until } from '../../../../support/until.ts';

const FOLDER = path.resolve('test/integration/proxy/support/aws');
const run = promisify(execFile);

/** A program that stands in for AWS, and answers only requests whose signature it has verified. */
export interface Moto extends AsyncDisposable {
  readonly python: string;
  /** Secrets as `aws` prints them. */
  readonly user: Readonly<Record<string, string>>;
  readonly session: Readonly<Record<string, string>>;
  /** Passes requests on as they came. */
  readonly onRequest: RequestListener;
}

export async function startMoto(): Promise<Moto> {
  const python = await pythonWith(path.join(FOLDER, 'requirements.txt'));
  const port = await freePort();
  // The calls of `keys.py` are not verified. All later ones are.
  const environment = { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: '6' };
  const server = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    env: environment,
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  await until(
    () =>
      fetch(`${url}/moto-api/`).then(
        ({ ok }) => ok,
        () => false,
      ),
    'moto to answer',
    60_000,
  );
  const { stdout } = await run(python, [path.join(FOLDER, 'keys.py'), url]);
  const { user, session } = JSON.parse(stdout) as Pick<Moto, 'user' | 'session'>;
  return {
    python,
    user,
    session,
    onRequest(asked, response) {
      const { method, url: target, headers } = asked;
      // A connection of its own: moto closes one after each answer, and a kept one could meet that.
      const options = { port, method, path: target, headers, host: '127.0.0.1', agent: false };
      const passed = request(options, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.rawHeaders);
        answer.pipe(response);
      });
      passed.on('error', () => response.destroy());
      asked.pipe(passed);
    },
    [Symbol.asyncDispose]: () => ended(server),
  };
}

/** What a client with a placeholder for a key gets, case by case. */
export async function awsClient(python: string, cases: readonly string[], environment: NodeJS.ProcessEnv) {
  const { stdout } = await run(python, [path.join(FOLDER, 'client.py'), ...cases], {
    env: {
      ...environment,
      AWS_ACCESS_KEY_ID: 'AKIAPLACEHOLDER00000',
      AWS_SECRET_ACCESS_KEY: 'a-placeholder-that-is-no-key',
      AWS_ACCOUNT_ID: '123456789012',
    },
    timeout: 60_000,
  });
  const lines = stdout.trim().split('\n');
  return Object.fromEntries(lines.map((line) => JSON.parse(line) as [string, unknown]));
}

export interface SignedRequestParts {
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Verifies requests byte for byte as they came, with AWS's own library. */
export interface Verifier extends AsyncDisposable {
  /** Null for a good signature, otherwise what is wrong. */
  problemOf(request: SignedRequestParts): Promise<string | null>;
}

export function startVerifier(python: string, key: Readonly<Record<string, string>>): Verifier {
  const process = spawn(python, [path.join(FOLDER, 'verifier.py'), key.AccessKeyId ?? '', key.SecretAccessKey ?? ''], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: process.stdout }).on('line', (line) => waiting.shift()?.(line));
  return {
    async problemOf({ body, ...parts }) {
      const line = await new Promise<string>((resolve) => {
        waiting.push(resolve);
        process.stdin.write(`${JSON.stringify({ ...parts, body: body.toString('base64') })}\n`);
      });
      return JSON.parse(line) as string | null;
    },
    [Symbol.asyncDispose]: () => ended(process),
  };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill();
  });
}
