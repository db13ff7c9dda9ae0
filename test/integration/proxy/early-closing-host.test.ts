import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { createTestAuthority } from './support/test-authority.ts';
import { domain, S1, SCOPE_1, startWorld } from './support/world.ts';

const HOST = 'early.test';
const REQUESTS = 1_000;
const CLIENTS = 10;

async function startClosingOrigin(settings: { key: string; cert: string; how: string }) {
  const origin = spawn(process.execPath, [path.join(import.meta.dirname, 'support/closing-origin.ts')], {
    env: { PATH: process.env.PATH, ORIGIN: JSON.stringify(settings) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: origin.stdout })[Symbol.asyncIterator]();
  return {
    port: Number((await lines.next()).value),
    async requests(): Promise<number> {
      origin.stdin.write('count\n');
      return Number((await lines.next()).value);
    },
    async [Symbol.asyncDispose]() {
      origin.stdin.end();
      await once(origin, 'exit');
    },
  };
}

/** Sends requests on one tunnel, with pauses around the time at which the host closes its connections. */
async function statusesOf(tunnel: TLSSocket, method: string): Promise<number[]> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => tunnel;
  const statuses: number[] = [];
  for (let n = 0; n < REQUESTS / CLIENTS; n += 1) {
    const sent = http.request({ agent, method, path: '/x', headers: { host: HOST } });
    sent.end();
    const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
    response.resume();
    await once(response, 'end');
    statuses.push(response.statusCode ?? 0);
    await pause(4 + (n % 4));
  }
  agent.destroy();
  return statuses;
}

async function startOutside(how: string) {
  const authority = await createTestAuthority();
  const origin = await startClosingOrigin({ ...(await authority.issue(HOST)), how });
  const { port } = origin;
  const world = await startWorld({
    operator: {
      staticNames: new Map([[HOST, { address: '127.0.0.1', port }]]),
      ceilings: [{ range: '127.0.0.0/8', ports: [port] }],
      caBundles: [authority.pem],
    },
  });
  const addresses = [{ range: '127.0.0.1/32', port }];
  await world.apply({ attached: { [SCOPE_1]: { domains: [domain(HOST, { addresses })] } } });
  await world.openLease(S1, SCOPE_1);
  return {
    origin,
    /** The statuses of all requests. */
    async ask(method: string): Promise<number[]> {
      const tunnels = await Promise.all(Array.from({ length: CLIENTS }, () => world.sandbox(S1).tunnel(`${HOST}:443`)));
      const all = (await Promise.all(tunnels.map((tunnel) => statusesOf(tunnel, method)))).flat();
      for (const tunnel of tunnels) tunnel.destroy();
      return all;
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

test.each(['ends', 'reset'])(
  'a thousand GET requests to a host that %s each connection 5 ms after its answer are all answered',
  async (how) => {
    await using outside = await startOutside(how);
    const all = await outside.ask('GET');
    expect(all.filter((status) => status !== 200)).toEqual([]);
    expect(all).toHaveLength(REQUESTS);
    // A host may still read a request after it has begun to close, and it is sent again then.
    expect(await outside.origin.requests()).toBeGreaterThanOrEqual(REQUESTS);
  },
  60_000,
);

test('of a thousand POST requests to such a host none is sent twice, and at most the first ones of each client fail', async () => {
  await using outside = await startOutside('ends');
  const all = await outside.ask('POST');
  const failed = all.filter((status) => status !== 200);
  // They may meet a connection that is closing until it is known that the host closes early.
  expect(failed.length).toBeLessThanOrEqual(CLIENTS);
  expect(new Set(failed)).toEqual(new Set(failed.length > 0 ? [502] : []));
  const read = await outside.origin.requests();
  expect(read).toBeLessThanOrEqual(REQUESTS);
  expect(read).toBeGreaterThanOrEqual(REQUESTS - failed.length);
}, 60_000);
