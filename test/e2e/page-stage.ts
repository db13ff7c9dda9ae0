import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import os from 'node:os';
import path from 'node:path';
import type { Block } from '@slack/types';
import { WebClient } from '@slack/web-api';
import type { SetupState, SupervisedProcess } from '../../contracts/setup-state.ts';
import { sha256Of } from '../../simulators/acme/ledger.ts';
import { type Acme, startAcme } from '../../simulators/acme/server.ts';
import { type Simulator, startSimulator } from '../../simulators/slack/simulator.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const CONTROL_TOKEN = 'control-token-of-this-test';
/** What the simulator takes from an app. */
export const TOKENS = { app: 'xapp-test', bot: 'xoxb-test' } as const;

export interface PageStage extends AsyncDisposable {
  /** The printed address. */
  readonly url: string;
  readonly slack: Simulator;
  readonly acme: Acme;
  readonly acmeToken: string;
  readonly test: TestDatabase;
  /** Names that were to be killed, by way of the supervisor's socket. */
  readonly killed: string[];
  /** Writes setup.json as `up` does. */
  setup(state: Partial<SetupState>): Promise<void>;
  /** Asks the demo's forge with this `Authorization`. */
  askForge(urlPath: string, authorization: string): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Answers in a thread as the app. */
  answer(channel: string, threadTs: string, message: { text: string; blocks?: readonly object[] }): Promise<void>;
}

/** The page's own process on real simulators and a real database, with everything else played from the outside. */
export async function startPageStage(): Promise<PageStage> {
  const home = await mkdtemp(path.join(os.tmpdir(), 'page-'));
  const acmeToken = 'acme-token-of-this-test';
  const test = await createTestDatabase();
  const slack = await startSimulator({
    port: 0,
    tokens: TOKENS,
    controlToken: CONTROL_TOKEN,
  });
  const acme = await startAcme({
    folder: home,
    tokenSha256: sha256Of(acmeToken),
    controlToken: CONTROL_TOKEN,
    port: 0,
    now,
  });
  const control = path.join(home, 'control.sock');
  const killed: string[] = [];
  const supervisor = await startSupervisor(control, killed);

  async function setup(state: Partial<SetupState>): Promise<void> {
    const file = path.join(home, 'setup.json');
    await writeFile(`${file}.new`, JSON.stringify({ ...EMPTY_SETUP, control, ...state }));
    await rename(`${file}.new`, file);
  }

  await setup({});
  const page = spawn(process.execPath, ['demo/page/server/main.ts'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      BELLHOP_HOME: home,
      PAGE_PORT: '0',
      BELLHOP_DATABASE_URL: test.url,
      SLACK_SIMULATOR_URL: slack.url,
      SLACK_SIMULATOR_TOKEN: CONTROL_TOKEN,
      ACME_URL: `https://127.0.0.1:${acme.port}`,
      ACME_CA: acme.authorityPath,
      ACME_CONTROL_TOKEN: CONTROL_TOKEN,
      TEMPORAL_UI_URL: 'http://127.0.0.1:8233',
    },
  });
  const url = await readyUrl(page);

  return {
    url,
    slack,
    acme,
    acmeToken,
    test,
    killed,
    setup,
    askForge: (urlPath, authorization) => askForge(acme, urlPath, authorization),
    async answer(channel, threadTs, message) {
      await new WebClient(TOKENS.bot, { slackApiUrl: slack.apiUrl }).chat.postMessage({
        channel,
        thread_ts: threadTs,
        text: message.text,
        ...(message.blocks && { blocks: message.blocks as Block[] }),
      });
    },
    async [Symbol.asyncDispose]() {
      page.kill('SIGTERM');
      await new Promise((resolve) => (page.exitCode === null ? page.once('exit', resolve) : resolve(null)));
      await Promise.all([slack.close(), acme.close(), new Promise((resolve) => supervisor.close(resolve))]);
      await test[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}

export const AGENT: SupervisedProcess = {
  name: 'agent',
  pid: 4242,
  state: 'running',
  restarts: 0,
  since: '2026-11-23T06:00:00.000Z',
};

const EMPTY_SETUP: SetupState = {
  installation: 'test',
  pid: 1,
  startedAt: '2026-11-23T06:00:00.000Z',
  control: '',
  addresses: {},
  simulated: { slack: true, model: true },
  tools: { state: 'left-out', detail: '', since: new Date(0).toISOString() },
  steps: [{ id: 'image', title: 'Build the sandbox image', state: 'done', ms: 1_200 }],
  processes: [AGENT],
};

function now(): Date {
  return new Date();
}

async function askForge(acme: Acme, urlPath: string, authorization: string) {
  const ca = await readFile(acme.authorityPath);
  const host = 'git.acme.test';
  return await new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: acme.port, servername: host, path: urlPath, ca, agent: false };
    request({ ...options, headers: { host, authorization } }, async (response) => {
      const text = (await response.setEncoding('utf8').toArray()).join('');
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
    })
      .on('error', reject)
      .end();
  });
}

async function startSupervisor(socketPath: string, killed: string[]): Promise<Server> {
  const server = createServer((request, response) => {
    const name = /^\/processes\/([a-z-]+)\/kill$/.exec(request.url ?? '')?.[1];
    if (request.method === 'POST' && name) killed.push(name);
    response.writeHead(name ? 202 : 404, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return server;
}

function readyUrl(page: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    page.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve((JSON.parse(text) as { url: string }).url);
    });
    page.once('exit', (code) => reject(new Error(`the page ended with ${code}`)));
  });
}
