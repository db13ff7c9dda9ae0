import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Listeners on this machine that a sandbox must not reach. Each is known to answer, and counts who came. */
export interface Bait extends AsyncDisposable {
  readonly tcpPort: number;
  readonly udpPort: number;
  /** Name of a socket without a file, which only a network namespace keeps apart. */
  readonly abstract: string;
  /** IPv4 addresses of this machine other than loopback, the engine's bridges among them. */
  readonly addresses: readonly string[];
  readonly visits: number;
}

export async function startBait(): Promise<Bait> {
  let visits = 0;
  const count = () => void visits++;
  const onVisit = (socket: { destroy(): unknown }) => {
    count();
    socket.destroy();
  };
  const tcp = await listening(createServer(onVisit), { port: 0, host: '::' });
  const abstract = `bellhop-bait-${process.pid}`;
  const unix = await listening(createServer(onVisit), { path: `\0${abstract}` });
  const udp = createSocket('udp4', count);
  udp.bind(0);
  await once(udp, 'listening');
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return {
    tcpPort: (tcp.address() as AddressInfo).port,
    udpPort: udp.address().port,
    abstract,
    addresses: own.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address),
    get visits() {
      return visits;
    },
    async [Symbol.asyncDispose]() {
      udp.close();
      await Promise.all([tcp, unix].map((server) => new Promise((done) => server.close(done))));
    },
  };
}

async function listening(server: Server, at: Parameters<Server['listen']>[0] & object): Promise<Server> {
  server.listen(at as { port: number });
  await once(server, 'listening');
  return server;
}
