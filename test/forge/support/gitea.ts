import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'undici';
import { runCommand } from '../../../setup/host/run-command.ts';
import { createServerIdentity } from '../../../simulators/acme/authority.ts';
import { freePort } from '../../support/free-port.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';
import type { GiteaFiles } from './provide-gitea.ts';

export const GITEA_HOST = 'git.forge.test';

export interface GiteaUser {
  readonly name: string;
  readonly password: string;
}

/** A Gitea server on loopback with TLS, on SQLite. */
export interface Gitea extends AsyncDisposable {
  readonly port: number;
  /** PEM file by which its host is trusted. */
  readonly authorityFile: string;
  /** Makes a user. The first one should be an administrator. */
  createUser(user: GiteaUser, options?: { readonly admin?: boolean }): Promise<void>;
  /** Calls the API below `/api/v1` in a user's name. */
  api(user: GiteaUser, method: string, at: string, body?: unknown): Promise<{ status: number; body: unknown }>;
}

export async function startGitea({ binary, assets }: GiteaFiles): Promise<Gitea> {
  await using started = new AsyncDisposableStack();
  const folder: TemporaryFolder = started.use(await temporaryFolder());
  const work = folder.path;
  for (const part of ['templates', 'options'])
    await cp(path.join(assets, part), path.join(work, part), { recursive: true });
  for (const part of ['public', 'conf', 'data', 'repos']) await mkdir(path.join(work, part));
  const identity = await createServerIdentity(path.join(work, 'authority'), [GITEA_HOST]);
  await writeFile(path.join(work, 'cert.pem'), identity.certificate);
  await writeFile(path.join(work, 'key.pem'), identity.key, { mode: 0o600 });
  const port = await freePort();
  const configuration = path.join(work, 'conf', 'app.ini');
  await writeFile(configuration, settings(work, port));

  const run = (args: readonly string[]) =>
    runCommand(binary, ['-c', configuration, ...args], { cwd: work, env: environmentOf(work) });
  const log = await open(path.join(work, 'gitea.log'), 'w');
  started.defer(() => log.close());
  const server = spawn(binary, ['-c', configuration, 'web'], {
    cwd: work,
    env: environmentOf(work),
    stdio: ['ignore', log.fd, log.fd],
  });
  const ended = once(server, 'exit');
  started.defer(async () => {
    server.kill('SIGTERM');
    await ended;
  });

  const client = new Client(`https://127.0.0.1:${port}`, {
    connect: { ca: identity.authority, servername: GITEA_HOST },
  });
  started.defer(() => client.destroy());
  const gitea: Gitea = {
    port,
    authorityFile: identity.authorityPath,
    async createUser({ name, password }, { admin = false } = {}) {
      const email = `${name}@forge.test`;
      const flags = ['--must-change-password=false', ...(admin ? ['--admin'] : [])];
      await run(['admin', 'user', 'create', '--username', name, '--password', password, '--email', email, ...flags]);
    },
    async api({ name, password }, method, at, body) {
      const answer = await client.request({
        method: method as 'GET',
        path: `/api/v1${at}`,
        headers: {
          host: GITEA_HOST,
          authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
          'content-type': 'application/json',
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, body: text === '' ? null : (JSON.parse(text) as unknown) };
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
  const answers = async () => {
    if (server.exitCode !== null)
      throw new Error(`gitea ended: ${await readFile(path.join(work, 'gitea.log'), 'utf8')}`);
    return client.request({ method: 'GET', path: '/api/v1/version', headers: { host: GITEA_HOST } }).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode === 200;
      },
      () => false,
    );
  };
  await until(answers, 'Gitea to answer', 60_000);
  const everything = started.move();
  return gitea;
}

function environmentOf(work: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: work, GITEA_WORK_DIR: work };
}

function settings(work: string, port: number): string {
  return `
APP_NAME = Forge
WORK_PATH = ${work}
RUN_USER = ${os.userInfo().username}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
PROTOCOL = https
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = https://${GITEA_HOST}/
CERT_FILE = ${work}/cert.pem
KEY_FILE = ${work}/key.pem
STATIC_ROOT_PATH = ${work}
OFFLINE_MODE = true
DISABLE_SSH = true
LFS_START_SERVER = true
[database]
DB_TYPE = sqlite3
PATH = ${work}/data/gitea.db
[security]
INSTALL_LOCK = true
[oauth2]
ACCESS_TOKEN_EXPIRATION_TIME = 20
INVALIDATE_REFRESH_TOKENS = true
[repository]
ROOT = ${work}/repos
DEFAULT_BRANCH = main
[log]
LEVEL = warn
`;
}
