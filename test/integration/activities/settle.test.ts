import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ProvisionInput, StreamEgressInput } from '../../../contracts/activities.ts';
import { createProxyControl } from '../../../proxy/control-client.ts';
import { isSettled, noteSettled } from '../../../store/sandboxes.ts';
import { contention } from '../../support/contention.ts';
import { until } from '../../support/until.ts';
import { inActivity, type RunnerStage, startRunnerStage } from './support/runner-stage.ts';

let stage: RunnerStage;
let folder: string;

beforeAll(async () => {
  stage = await startRunnerStage();
  folder = await mkdtemp(join(tmpdir(), 'bh-'));
}, 900_000);
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** A turn with a command that runs. */
async function workingTurn(): Promise<ProvisionInput> {
  const turn = await stage.turn();
  await stage.openLease(turn);
  const input = await stage.bash(turn, 'sleep 600');
  inActivity(() => stage.activities.runTool(input)).catch(() => undefined);
  await until(async () => (await stage.agentProcesses(turn)).some((line) => line === 'sleep 600'), 'the command');
  return turn;
}

/** Takes connections and never says a word. */
async function startMute(path: string): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}

test.each(['is not there', 'does not answer'])('a turn is settled at once when the proxy %s', async (how) => {
  const turn = await workingTurn();
  const socketPath = join(folder, `${how.replaceAll(' ', '-')}.sock`);
  const mute = how === 'does not answer' ? await startMute(socketPath) : undefined;
  const proxy = createProxyControl({ socketPath });
  const { settleSandbox } = stage.activitiesWith({ proxy });
  const began = performance.now();
  await inActivity(() => settleSandbox(turn));
  expect(performance.now() - began).toBeLessThan(4_000 * contention());
  expect(await stage.agentProcesses(turn)).toEqual([]);
  expect(await isSettled(stage.database, turn.sandbox, turn.turn)).toBe(true);
  await proxy.close();
  mute?.close();
});

test('settling beats, so that a runner that dies in it is noticed', async () => {
  const turn = await stage.turn();
  const environment = new MockActivityEnvironment();
  const beaten = new Promise((resolve) => environment.once('heartbeat', resolve));
  const done = Promise.withResolvers<void>();
  const busy = stage.lock(turn.sandbox, () => done.promise);
  const settling = inActivity(() => stage.activities.settleSandbox(turn), environment);
  await beaten;
  done.resolve();
  await busy;
  await settling;
});

test('a lease whose closing was not heard is closed some seconds after its turn was settled', async () => {
  const turn = await stage.turn();
  const holding = inActivity(() => stage.egressWith({}).streamEgress(egressOf(turn)));
  const lease = () => stage.world.control.lease(turn.sandbox);
  await until(async () => (await lease()).state === 'open', 'the lease to open');
  await noteSettled(stage.database, turn.sandbox, turn.turn);
  expect(await holding).toMatchObject({ injected: 0, blocked: 0 });
  expect(await lease()).toMatchObject({ state: 'closed', ending: 'closed' });
}, 30_000);

test('an attempt to hold the way out of a settled turn ends with what the last one counted, and opens nothing', async () => {
  const turn = await stage.turn();
  await noteSettled(stage.database, turn.sandbox, turn.turn);
  const heartbeatDetails = { injected: 3, forwarded: 2, blocked: 1, bytesOut: 400 };
  const environment = new MockActivityEnvironment({ attempt: 2, heartbeatDetails });
  const proxy = createProxyControl({ socketPath: join(folder, 'nowhere.sock') });
  const counts = await inActivity(() => stage.egressWith({ proxy }).streamEgress(egressOf(turn)), environment);
  expect(counts).toEqual(heartbeatDetails);
  expect(await stage.world.control.lease(turn.sandbox)).toMatchObject({ state: 'none' });
  await proxy.close();
});

function egressOf(turn: ProvisionInput): StreamEgressInput {
  return { ...turn, scope: 'channel:T1:C1', principal: 'agent@channel:T1:C1', requester: 'U1' };
}
