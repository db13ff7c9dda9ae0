import { classify, isLoopback } from '../../proxy/dialer/address-class.ts';
import { generatedSecrets } from '../../setup/host/generated-secrets.ts';
import { registryMirrors } from '../../setup/registry-mirrors.ts';
import { listenUrl, readCallbackAddress } from '../gateway/callback-address.ts';
import type { MetricsPorts } from './metrics-ports.ts';
import { listenersOf } from './own-listeners.ts';
import { addressLine } from './report.ts';
import { policyInForce, provideAccess } from './services/access.ts';
import { startAgent } from './services/agent.ts';
import { startDockerEngine } from './services/docker-engine.ts';
import { startGateway } from './services/gateway.ts';
import { provideImage } from './services/image.ts';
import { provideKeys } from './services/keys.ts';
import { startModel } from './services/model.ts';
import { moveWorld } from './services/move-world.ts';
import { startPage } from './services/page.ts';
import { startPostgres } from './services/postgres.ts';
import { startProxy } from './services/proxy.ts';
import { startRunner } from './services/runner.ts';
import { startSlack } from './services/slack-simulator.ts';
import { startTemporal } from './services/temporal.ts';
import { provideTools } from './services/tools.ts';
import { startWorld } from './services/world.ts';
import type { UpContext } from './up-context.ts';

const ONE_USER =
  'All of it runs as one user, who could read the keys to the credentials: docs/security.md says what production adds.';

/**
 * Starts the page, then what the others depend on, then the processes of Bellhop. Those that do not depend on one another start side
 * by side. The sandbox image is built last; until it is there, a mention is taken in and waits. The larger image follows in the
 * background.
 */
export async function startEverything(context: UpContext, metrics: MetricsPorts): Promise<void> {
  const pageUrl = await startPage(context);
  // Asks npm, pip and others, which takes a second: they are asked while the rest starts.
  const mirrors = registryMirrors(context.environment);
  const secrets = await generatedSecrets(context.home.secrets);
  const [{ urls, inForce, world }, temporal, engine, slack, model] = await Promise.all([
    (async () => {
      const known = await startPostgres(context);
      const policy = await policyInForce(known.roles.admin);
      return { urls: known, inForce: policy, world: await startWorld(context, { secrets, sealed: policy !== null }) };
    })(),
    startTemporal(context),
    startDockerEngine(context),
    startSlack(context, secrets),
    startModel(context, secrets),
  ]);
  const { roles, owner } = urls;
  await context.page.add({ BELLHOP_DATABASE_URL: roles.console });
  await provideKeys(context, owner);
  const { BELLHOP_CALLBACK_URL, BELLHOP_CALLBACK_LISTEN } = context.environment;
  const callback = readCallbackAddress(BELLHOP_CALLBACK_URL, BELLHOP_CALLBACK_LISTEN);
  const ownListeners = await Promise.all([
    listenersOf([owner, `temporal://${temporal.address}`, engine.address]),
    // A public server shares its address with others behind the same front, which a sandbox may reach.
    listenersOf(Object.values(metrics).map(({ address }) => `http://${address}`)),
    listenersOf(callback ? [listenUrl(callback)] : []),
    listenersOf([temporal.uiUrl], (address) => classify(address)?.kind !== 'public'),
    // Only the simulators listen here. The real services are somewhere else, and a sandbox may reach them.
    listenersOf([pageUrl, slack.apiUrl, model.baseUrl], isLoopback),
  ]);

  await Promise.all([
    (async () => {
      const proxy = await startProxy(context, {
        databaseUrl: roles.proxy,
        operatorFile: world?.operatorFile,
        ownListeners: ownListeners.flat(),
        metrics: metrics.proxy,
      });
      await startRunner(context, {
        databaseUrl: roles.runner,
        temporal,
        proxy,
        mirrors: await mirrors,
        metrics: metrics.runner,
      });
    })(),
    (async () => {
      await startGateway(context, { databaseUrl: roles.gateway, temporal, slack, metrics: metrics.gateway });
      await provideAccess(context, {
        ...{ databaseUrl: roles.admin, inForce, world, mirrors },
        moveWorld: (port) => moveWorld(roles.admin, port),
      });
    })(),
    startAgent(context, { databaseUrl: roles.agent, temporal, model, metrics: metrics.agent }),
  ]);
  const open = pageUrl ? `\n${addressLine('Open', pageUrl)}` : '';
  context.tell(`\nBellhop is running; Ctrl-C stops it.${open}\n${ONE_USER}\n`);
  await provideImage(context);
  await provideTools(context);
}
