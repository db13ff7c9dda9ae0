import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { EffectiveRule } from '../../../access/decision.ts';
import type { CanonicalHost } from '../../../access/host-name.ts';
import type { EgressEvent } from '../../../contracts/egress.ts';
import { beginExchange } from '../../../proxy/events/exchange.ts';
import type { Client } from '../../../proxy/listener/client.ts';
import { createBlindTunnels } from '../../../proxy/tunnel/blind-tunnels.ts';
import { domain } from '../../support/access-document.ts';

const authority = { host: 'tunnel.test' as CanonicalHost, port: 443 };
const rule: EffectiveRule = {
  from: 'domain',
  action: 'forward',
  match: domain('tunnel.test', { transport: 'tunnel' }),
  origin: { scope: 'organization', scopeLabel: 'organization', bundle: 'b' },
};

test('a tunnel in which nothing moves is closed after its idle time, with what it carried', async () => {
  const host = net.createServer((socket) => socket.on('error', () => {}).write('hello')).listen(0, '127.0.0.1');
  await once(host, 'listening');
  const { port } = host.address() as net.AddressInfo;
  const finished: EgressEvent[] = [];
  const clock = { now: () => performance.now() };
  const tunnels = createBlindTunnels({
    dialer: {
      connect: async () => {
        const socket = net.connect(port, '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      },
      connectTls: () => Promise.reject(new Error('not asked for')),
    },
    recorder: { begin: () => {}, finish: (event) => void finished.push(event) },
    clock,
    idleMs: 300,
  });
  const [inside, socket] = pair();
  const client: Client = {
    sandbox: 's1',
    socket,
    direct: false,
    lease: null,
    server: null,
    tunnel: null,
    underWay: 0,
    idleSince: null,
    reading: null,
    broken: false,
  };
  const exchange = beginExchange(client, clock);
  exchange.host = authority.host;
  const carried = tunnels.carry({
    ...{ exchange, socket, head: Buffer.alloc(0), authority, established: () => {} },
    ...{ scope: 'channel:T1:C1', rule, reason: 'allowed' },
  });
  let answered = '';
  inside.on('data', (bytes) => {
    answered += bytes;
  });
  inside.write(await helloFor('tunnel.test'));
  await carried;
  expect(answered).toBe('hello');
  expect(socket.destroyed).toBe(true);
  expect(finished).toMatchObject([{ outcome: 'forwarded', code: 'domain_entry', bytesIn: 5 }]);
  expect(finished[0]?.bytesOut).toBeGreaterThan(100);
  host.close();
});

/** Two ends of one connection. */
function pair(): [Duplex, Duplex] {
  const end = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => {},
      write: (chunk, _encoding, done) => {
        other().push(chunk);
        done();
      },
    });
  const first = end(() => second);
  const second = end(() => first);
  return [first, second];
}

/** The first bytes of a real client. */
async function helloFor(servername: string): Promise<Buffer> {
  const [client, wire] = pair();
  tls.connect({ socket: client as net.Socket, servername }).on('error', () => {});
  const [bytes] = (await once(wire, 'data')) as [Buffer];
  return bytes;
}
