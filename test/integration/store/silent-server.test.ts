import { once } from 'node:events';
import net from 'node:net';
import { openDatabase } from '../../../store/database.ts';
import { listenTo } from '../../../store/notifications.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

/** A network between us and PostgreSQL that can fall silent: nothing arrives, and nobody is told. */
async function startNetwork(target: URL) {
  const sockets = new Set<net.Socket>();
  let silent = false;
  const server = net.createServer({ allowHalfOpen: true }, (near) => {
    const far = net.connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    near.on('data', (bytes) => silent || far.write(bytes));
    far.on('data', (bytes) => silent || near.write(bytes));
    near.on('end', () => silent || far.end());
    near.once('close', () => far.destroy());
    far.once('close', () => silent || near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as net.AddressInfo).port);
  return {
    url: url.href,
    fallSilent: (now: boolean) => {
      silent = now;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

let stage: TestDatabase;
let network: Awaited<ReturnType<typeof startNetwork>>;
beforeAll(async () => {
  stage = await createTestDatabase();
});
beforeEach(async () => {
  network = await startNetwork(new URL(stage.url));
});
afterEach(() => network.close());
afterAll(() => stage[Symbol.asyncDispose]());

test('a query that is not answered fails in time, and the next one has another connection', async () => {
  const database = openDatabase({ url: network.url, name: 'test', connections: 1, statementMs: 500 });
  await database.query('select 1');
  network.fallSilent(true);
  await expect(database.query('select 2')).rejects.toThrow(/timeout/);
  network.fallSilent(false);
  expect((await database.query('select 3 as three')).rows).toEqual([{ three: 3 }]);
  await database.end();
}, 20_000);

test('a statement that takes too long is ended by the server, before anybody gives up on its connection', async () => {
  const database = openDatabase({ url: network.url, name: 'test', connections: 1, statementMs: 300 });
  await expect(database.query('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' });
  await database.end();
});

test('listening for notifications ends although the server is silent', async () => {
  let heard = 0;
  const notifications = listenTo({
    url: network.url,
    name: 'test',
    channels: ['bellhop_policy'],
    onNotify: () => {
      heard += 1;
    },
  });
  await until(() => heard === 1, 'listening');
  network.fallSilent(true);
  await notifications.stop();
});
