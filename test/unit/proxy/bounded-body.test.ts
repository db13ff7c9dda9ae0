import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { peekBody, readBounded } from '../../../proxy/request/bounded-body.ts';

/** Sends the pieces as one chunked body and answers with what the handler returns. */
async function exchange(
  pieces: readonly Buffer[],
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<string>,
): Promise<string> {
  const server = createServer((request, response) => {
    handle(request, response).then(
      (text) => response.end(text),
      (error: { code?: string }) => response.end(`failed: ${error.code}`),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await new Promise((resolve, reject) => {
      const sent = send({ port: (server.address() as AddressInfo).port, method: 'POST' }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve(text));
      });
      sent.on('error', reject);
      for (const piece of pieces) sent.write(piece);
      sent.end();
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function rest(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const BIG = Buffer.alloc(3_000_000, 'abcdefg');

test('a body within the limit is read whole', async () => {
  const text = await exchange([Buffer.from('ab'), Buffer.from('cd')], async (request) =>
    String(await readBounded(request, 4, 5_000)),
  );
  expect(text).toBe('abcd');
});

test('a body beyond the limit is still there from its first byte', async () => {
  const text = await exchange([BIG], async (request) => {
    const read = await readBounded(request, 1_000_000, 5_000);
    return `${String(read)} ${(await rest(request)).equals(BIG)}`;
  });
  expect(text).toBe('too-large true');
});

test('reading stops as soon as the part is enough', async () => {
  const text = await exchange([BIG], async (request) => {
    const part = await peekBody(request, { maxBytes: 1_000_000, silenceMs: 5_000, isEnough: () => true });
    return `${part.isWhole} ${part.bytes.length < 1_000_000} ${(await rest(request)).equals(BIG)}`;
  });
  expect(text).toBe('false true true');
});

test.each([
  ['a length', 'content-length: 5', 'hello'],
  ['chunks', 'transfer-encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
])(
  'a body with %s that comes together with its head is still there after it was enough',
  async (_what, framing, sent) => {
    const server = createServer((request, response) => {
      // The whole body is there before anybody reads.
      setImmediate()
        .then(() => peekBody(request, { maxBytes: 1_000, silenceMs: 5_000, isEnough: () => true }))
        .then(async ({ bytes, isWhole }) => {
          await setImmediate();
          response.end(`${bytes} ${isWhole} ${await rest(request)}`);
        })
        .catch((error: Error) => response.end(`failed: ${error.message}`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${framing}\r\n\r\n${sent}`);
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    server.close();
    expect(text).toContain('hello false hello');
  },
);

test('an empty body is whole', async () => {
  const text = await exchange([], async (request) => String((await readBounded(request, 10, 5_000)).length));
  expect(text).toBe('0');
});

test('a body in a hundred thousand pieces is asked about a few times only', async () => {
  let asked = 0;
  const pieces = Array.from({ length: 100_000 }, () => Buffer.from('x'));
  const text = await exchange(pieces, async (request) => {
    const part = await peekBody(request, {
      maxBytes: 1_000_000,
      silenceMs: 5_000,
      isEnough: () => {
        asked += 1;
        return false;
      },
    });
    return `${part.isWhole} ${part.bytes.length}`;
  });
  expect(text).toBe('true 100000');
  expect(asked).toBeLessThan(40);
});

test('of a body of a million bytes little more than its double is looked at in all', async () => {
  let looked = 0;
  await exchange([Buffer.alloc(1_000_000)], async (request) => {
    await peekBody(request, {
      maxBytes: 2_000_000,
      silenceMs: 5_000,
      isEnough: ({ bytes }) => {
        looked += bytes.length;
        return false;
      },
    });
    return '';
  });
  expect(looked).toBeLessThan(2_500_000);
});

test('a client that pauses for too long is told so', async () => {
  const server = createServer((request, response) => {
    peekBody(request, { maxBytes: 100, silenceMs: 50 }).catch((error: { code: string }) => response.end(error.code));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const text = await new Promise<string>((resolve) => {
    const sent = send({ port: (server.address() as AddressInfo).port, method: 'POST' }, (answer) => {
      answer.on('data', (chunk: Buffer) => resolve(chunk.toString()));
    });
    sent.on('error', () => {});
    sent.write('a');
  });
  server.closeAllConnections();
  server.close();
  expect(text).toBe('body_timeout');
});
