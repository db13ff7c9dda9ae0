/** The demo's page as a process of its own. See ../README.md for its environment. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import type { SetupState } from '../../../contracts/setup-state.ts';
import { currentPolicy } from '../../../store/policy.ts';
import type { PageInfo } from '../contract/page.ts';
import { askAcme } from './acme-client.ts';
import { createPage } from './app.ts';
import { addBuiltWeb } from './built-web.ts';
import { readConfiguration, readServices } from './configuration.ts';
import { PageError } from './errors.ts';
import { createOriginBook } from './origin-book.ts';
import { keptToken } from './page-token.ts';
import { readScenarios } from './scenarios.ts';
import { createScopeLabels } from './scope-labels.ts';
import { createSlackSimulator } from './slack-simulator.ts';
import { killProcess } from './supervisor.ts';
import { readThread } from './thread-board.ts';
import { createThreads } from './threads.ts';
import { watchJson } from './watched-json.ts';
import { buildWeb } from './web-build.ts';

const SCENARIOS = path.join(import.meta.dirname, '../../scenarios');
const PROJECT = path.join(import.meta.dirname, '../../..');

const log = pino({ name: 'page' }, process.stderr);

async function main(): Promise<void> {
  const { home, port, token: givenToken, namespace } = readConfiguration(process.env);
  const token = givenToken ?? (await keptToken(home));
  const [webRoot, setup, services] = await Promise.all([
    buildWeb(home),
    watchJson({ path: path.join(home, 'setup.json'), parse: (value) => value as SetupState }),
    watchJson({ path: path.join(home, 'page.json'), parse: (value) => readServices(process.env, value) }),
  ]);
  const known = () => services.current() ?? readServices(process.env, null);

  const origins = createOriginBook({
    ask: () => {
      const { acme } = known();
      return acme ? askAcme(acme) : null;
    },
    now: Date.now,
  });
  const slack = createSlackSimulator(() => known().slack);
  const labels = createScopeLabels(currentPolicy, (person) => slack.person(person)?.realName);
  const threads = createThreads({
    databaseUrl: () => known().databaseUrl,
    read: (db, session) => readThread({ db, origins, labels }, session),
  });

  async function info(): Promise<PageInfo> {
    const ui = known().temporalUi ?? setup.current()?.addresses.temporalUi;
    return {
      scenarios: await readScenarios(SCENARIOS),
      names: await readScenarios(path.join(SCENARIOS, 'in-whose-name')),
      workflowUrl: ui ? new URL(`/namespaces/${namespace}/workflows/`, ui).href : null,
      accessFile: accessFileOf(home),
    };
  }

  async function killWorker(): Promise<void> {
    const control = setup.current()?.control;
    if (!control) throw new PageError(503, 'supervisor_unavailable', 'Nothing supervises the worker here.');
    await killProcess(control, 'agent').catch((error: Error) => {
      throw new PageError(503, 'supervisor_unavailable', `The worker could not be killed: ${error.message}`);
    });
  }

  const addWeb = (app: FastifyInstance) => addBuiltWeb(app, webRoot);
  const acme = () => known().acme;
  const page = createPage({ token, addWeb, setup, slack, threads, acme, info, killWorker, log });
  await page.listen({ host: '127.0.0.1', port });
  const address = page.server.address();
  const listening = typeof address === 'object' && address ? address.port : port;

  const stop = () => {
    setup.close();
    services.close();
    slack.close();
    void Promise.all([page.close(), threads.close()]).then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  log.info({ port: listening }, 'listening');
  const url = `http://127.0.0.1:${listening}/?token=${token}`;
  process.stdout.write(`${JSON.stringify({ ready: 'page', url, port: listening })}\n`);
}

/** The demo's access file as a person types it; `up` puts a copy into the home where its ports had to differ. */
function accessFileOf(home: string): string {
  const copy = path.join(home, 'bellhop.yaml');
  if (!existsSync(copy)) return 'demo/bellhop.yaml';
  const shown = path.relative(PROJECT, copy);
  return shown.startsWith('..') ? copy : shown;
}

main().catch((error: unknown) => {
  log.fatal(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
