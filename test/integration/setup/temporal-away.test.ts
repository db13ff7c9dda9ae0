import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { NAMESPACE } from '../../../contracts/search-attributes.ts';
import { openConnection } from '../../../setup/temporal/connection.ts';
import { provideNamespaceAt } from '../../../setup/temporal/namespace.ts';
import { contention } from '../../support/contention.ts';
import { startTemporalServer, type TemporalServer } from '../../support/installation/temporal-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

/** Long enough that a pause which doubles from one second has grown past eight. */
const AWAY_MS = 17_500;

let folder: TemporaryFolder;
let server: TemporalServer;

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startTemporalServer(folder.path);
}, 60_000);
afterAll(async () => {
  await server.client.connection.close();
  await server.stop();
  await folder[Symbol.asyncDispose]();
}, 60_000);

/** Asks again and again, as the gateway does with what people say; returns how to stop. */
function askAllTheTime(connection: Connection): () => Promise<void> {
  let over = false;
  const asking = (async () => {
    while (!over) {
      await connection
        .withDeadline(Date.now() + 1_000, () => connection.workflowService.getSystemInfo({}))
        .catch(() => {});
      await sleep(100);
    }
  })();
  return async () => {
    over = true;
    await asking;
  };
}

test('a lost server is tried again at least every two seconds, however long it is away', async () => {
  const tries: number[] = [];
  const dead = net.createServer((socket) => {
    tries.push(performance.now());
    socket.destroy();
  });
  dead.listen(0, '127.0.0.1');
  await once(dead, 'listening');
  const connection = openConnection({ address: `127.0.0.1:${(dead.address() as net.AddressInfo).port}` });
  const stop = askAllTheTime(connection);
  await sleep(AWAY_MS);
  await stop();
  await connection.close();
  dead.close();
  const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
  expect(pauses.length).toBeGreaterThan(8);
  // A tenth of a second for a machine that is busy with something else.
  expect(Math.max(...pauses)).toBeLessThan(2_100 * contention());
}, 40_000);

test('a server that is back is found at once: by an old connection, a new probe and a worker', async () => {
  const [held, unbounded] = [openConnection({ address: server.address }), Connection.lazy({ address: server.address })];
  const native = await NativeConnection.connect({ address: server.address });
  const worker = await Worker.create({
    connection: native,
    namespace: NAMESPACE,
    taskQueue: 'away',
    activities: { answer: async () => 'here' },
    shutdownGraceTime: '1s',
  });
  const running = worker.run();
  const stops = [askAllTheTime(held), askAllTheTime(unbounded)];
  await server.stop();
  // The probe of `up`, as it fails while the server is away.
  await expect(provideNamespaceAt(server.address, AbortSignal.timeout(AWAY_MS))).rejects.toThrow();
  await Promise.all(stops.map((stop) => stop()));

  const starting = server.start();
  const began = await listensAt(server.address);
  const since = () => performance.now() - began;
  const probed = provideNamespaceAt(server.address, AbortSignal.timeout(30_000)).then(since);
  const asked = held.workflowService.getSystemInfo({}).then(since);
  const polled = probed.then(async () => {
    const client = new Client({ connection: held, namespace: NAMESPACE });
    await client.activity.execute('answer', { id: 'a', taskQueue: 'away', startToCloseTimeout: '60s' });
    return since();
  });
  // The server itself takes a second from listening to answering.
  expect(await probed).toBeLessThan(4_000 * contention());
  expect(await asked).toBeLessThan(4_000 * contention());
  // The longest pause of each of its pollers is the SDK's own: ten seconds and a fifth.
  expect(await polled).toBeLessThan(12_000 * contention());
  await starting;
  worker.shutdown();
  await running;
  await Promise.all([held.close(), unbounded.close(), native.close()]);
}, 90_000);

/** When somebody takes connections at this address. */
async function listensAt(address: string): Promise<number> {
  for (;;) {
    const socket = net.connect(Number(address.split(':')[1]), '127.0.0.1');
    const outcome = await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
    const connected = outcome?.length === 0;
    socket.destroy();
    if (connected) return performance.now();
    await sleep(20);
  }
}
