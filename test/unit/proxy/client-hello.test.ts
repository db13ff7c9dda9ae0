import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import fc from 'fast-check';
import { readClientHello } from '../../../proxy/tls/client-hello.ts';

/** The first bytes a real client sends. */
async function helloOf(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  client.destroy();
  server.close();
  return bytes;
}

test('the server name of a real client is read from bytes in pieces of any size', async () => {
  const hello = await helloOf({ servername: 'API.a.test' });
  expect(readClientHello(hello)).toEqual({ state: 'complete', serverName: 'API.a.test' });
  for (let length = 0; length < hello.length; length += 1) {
    expect(readClientHello(hello.subarray(0, length))).toEqual({ state: 'incomplete' });
  }
});

test('a client without a server name is told apart from one with it', async () => {
  expect(readClientHello(await helloOf({}))).toEqual({ state: 'complete', serverName: null });
});

test('a greeting cut into many records is put together', async () => {
  const hello = await helloOf({ servername: 'api.a.test' });
  const records: Buffer[] = [];
  for (let at = 5; at < hello.length; at += 7) {
    const part = hello.subarray(at, at + 7);
    records.push(Buffer.from([22, 3, 1, 0, part.length]), part);
  }
  expect(readClientHello(Buffer.concat(records))).toEqual({ state: 'complete', serverName: 'api.a.test' });
});

test.each([
  ['the change of ciphers that middleboxes expect', [20, 3, 3, 0, 1, 1]],
  ['early data', [23, 3, 3, 0, 2, 9, 9]],
  ['something else', [0x53, 0x53, 0x48]],
])('%s right after the greeting does not spoil it', async (_name, more) => {
  const hello = await helloOf({ servername: 'api.a.test' });
  const expected = { state: 'complete', serverName: 'api.a.test' };
  expect(readClientHello(Buffer.concat([hello, Buffer.from(more)]))).toEqual(expected);
  // Before it is whole, it is no greeting.
  const half = Buffer.concat([Buffer.from([22, 3, 1, 0, 20]), hello.subarray(5, 25), Buffer.from(more)]);
  expect(readClientHello(half)).toEqual({ state: 'invalid' });
});

test('two server names are no greeting', async () => {
  const hello = await helloOf({ servername: 'api.a.test' });
  const name = Buffer.from('api.a.test');
  const entry = Buffer.concat([Buffer.from([0, 0, name.length]), name]);
  const list = Buffer.concat([u16(entry.length), entry]);
  const extension = Buffer.concat([u16(0), u16(list.length), list]);
  const twice = appendExtension(hello, extension);
  expect(readClientHello(twice)).toEqual({ state: 'invalid' });
});

test.each([
  ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
  ['SMTP', Buffer.from('EHLO evil.test\r\n')],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['SSLv2', Buffer.from([0x80, 0x2e, 1, 0, 2])],
  ['a record of no bytes', Buffer.from([22, 3, 1, 0, 0])],
  ['a record of another kind', Buffer.from([23, 3, 3, 0, 1, 1])],
  ['another handshake message', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
  ['a greeting of 16 MB', Buffer.from([22, 3, 1, 0, 4, 1, 255, 255, 255])],
])('%s is not taken for TLS', (_name, bytes) => {
  expect(readClientHello(bytes)).toEqual({ state: 'invalid' });
});

test('no bytes whatever make it throw', async () => {
  const hello = await helloOf({ servername: 'api.a.test' });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(hello.length - 1), fc.nat(255), (noise, at, value) => {
      readClientHello(Buffer.from(noise));
      const changed = Buffer.from(hello);
      changed[at] = value;
      readClientHello(changed);
    }),
    { numRuns: 2_000 },
  );
});

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}

/** Adds an extension and corrects the three lengths around it. */
function appendExtension(hello: Buffer, extension: Buffer): Buffer {
  const longer = Buffer.concat([hello, extension]);
  longer.writeUInt16BE(longer.length - 5, 3);
  longer.writeUIntBE(longer.length - 9, 6, 3);
  let at = 9 + 2 + 32;
  at += 1 + (longer[at] ?? 0);
  at += 2 + longer.readUInt16BE(at);
  at += 1 + (longer[at] ?? 0);
  longer.writeUInt16BE(longer.length - at - 2, at);
  return longer;
}
