import { once } from 'node:events';
import net from 'node:net';
import { PORTS } from '../../../setup/host/port-wishes.ts';
import { createPortChooser } from '../../../setup/host/ports.ts';
import { serveSignals } from '../../../workers/signals/serve-signals.ts';
import { createSignals, type Signals } from '../../../workers/signals/signals.ts';
import { chooseMetricsPorts } from '../../../workers/up/metrics-ports.ts';
import { until } from '../../support/until.ts';

let signals: Signals;
let said: { fields: Record<string, unknown>; message: string }[];
let stop: () => Promise<void> = async () => {};

beforeEach(() => {
  signals = createSignals();
  said = [];
});
afterEach(async () => {
  await stop();
});

const log = {
  info: (fields: object, message: string) => void said.push({ fields: { ...fields }, message }),
  warn: (fields: object, message: string) => void said.push({ fields: { ...fields }, message }),
};

/** Serves them and returns their address, without a path. */
async function serve(port = 0): Promise<string> {
  stop = serveSignals('gateway', { host: '127.0.0.1', port }, signals, log as Parameters<typeof serveSignals>[3], 100);
  const address = () => said.find(({ fields }) => 'metrics' in fields)?.fields.metrics as string | undefined;
  await until(() => address() !== undefined, 'the address');
  return new URL('/', address()).origin;
}

test('metrics are served in the format of Prometheus, with the figures of Node itself', async () => {
  signals.gauge({ name: 'bellhop_inbox_waiting', help: 'Messages' }, () => [{ value: 4 }]);
  const response = await fetch(`${await serve()}/metrics`);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const text = await response.text();
  expect(text).toContain(
    '# HELP bellhop_inbox_waiting Messages\n# TYPE bellhop_inbox_waiting gauge\nbellhop_inbox_waiting 4\n',
  );
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
});

test('a process is live while it answers, and ready only while everything that it needs is there', async () => {
  let away = true;
  signals.check('database', async () => {
    if (away) throw new Error('connect ECONNREFUSED 127.0.0.1:5432');
  });
  signals.check('temporal', async () => undefined);
  const origin = await serve();
  expect((await fetch(`${origin}/health/live`)).status).toBe(200);
  const notYet = await fetch(`${origin}/health/ready`);
  expect([notYet.status, await notYet.json()]).toEqual([
    503,
    { name: 'gateway', ready: false, checks: { database: 'connect ECONNREFUSED 127.0.0.1:5432', temporal: null } },
  ]);
  away = false;
  expect((await fetch(`${origin}/health/ready`)).status).toBe(200);
});

test('a check that never ends keeps neither readiness nor liveness waiting', async () => {
  signals.check('slack', () => new Promise(() => {}));
  const origin = await serve();
  const ready = fetch(`${origin}/health/ready`);
  expect((await fetch(`${origin}/health/live`)).status).toBe(200);
  expect(await (await ready).json()).toMatchObject({ ready: false, checks: { slack: 'no answer within 3 s' } });
});

test('nothing else is served, and nothing is changed by a request', async () => {
  const origin = await serve();
  expect((await fetch(`${origin}/`)).status).toBe(404);
  expect((await fetch(`${origin}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405);
});

test('a port that is taken does not end the process, and is taken as soon as it is free', async () => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as net.AddressInfo;
  const serving = serve(port);
  await until(() => said.some(({ fields }) => fields.code === 'EADDRINUSE'), 'the warning');
  other.close();
  expect((await fetch(`${await serving}/health/live`)).status).toBe(200);
});

describe('the ports of `up`', () => {
  const chooseFor = async (environment: NodeJS.ProcessEnv) =>
    await chooseMetricsPorts(createPortChooser(environment), environment);
  const free = Object.fromEntries(Object.values(PORTS).map(({ variable }) => [variable, '0']));

  it('are another one for each process, on this machine only', async () => {
    const addresses = Object.values(await chooseFor(free)).map(({ address }) => address);
    expect(new Set(addresses).size).toBe(5);
    expect(addresses.every((address) => address.startsWith('127.0.0.1:'))).toBe(true);
  });

  it('are on the address that the user sets', async () => {
    const { proxy } = await chooseFor({ ...free, BELLHOP_METRICS_HOST: '::' });
    expect(proxy.address).toBe(`[::]:${proxy.port}`);
  });

  it('are refused, with who holds them, when the user fixed one that is taken', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as net.AddressInfo;
    const wish = { ...free, [PORTS.agentMetrics.variable]: String(port) };
    await expect(chooseFor(wish)).rejects.toMatchObject({ code: 'port-taken' });
    other.close();
  });
});
