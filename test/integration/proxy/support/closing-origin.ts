import http from 'node:http';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';

/**
 * A TLS host in a process of its own. It keeps a connection after each answer and closes it 5 ms later, with a FIN or
 * with a reset. It prints its port, and for each `count` on its input how many requests it read.
 */
const CLOSE_MS = 5;
const { key, cert, how } = JSON.parse(process.env.ORIGIN ?? '{}') as Record<'key' | 'cert' | 'how', string>;
let requests = 0;

const web = http.createServer((request, response) => {
  requests += 1;
  const { socket } = request;
  request.resume();
  response.setHeader('content-type', 'text/plain');
  response.end('answered', () => {
    setTimeout(() => {
      if (how === 'reset') socket.destroy();
      else socket.end();
    }, CLOSE_MS);
  });
});
// Without this, Node names its own timeout in every answer.
web.keepAliveTimeout = 0;

const server = tls.createServer({ key, cert }, (socket) => {
  socket.on('error', () => {});
  web.emit('connection', socket);
});
server.on('tlsClientError', () => {});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.on('data', () => console.log(requests));
process.stdin.on('end', () => process.exit(0));
