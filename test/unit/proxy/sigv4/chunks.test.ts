import fc from 'fast-check';
import { joinChunks } from '../../../../proxy/credentials/sigv4/chunks.ts';

function joined(pieces: readonly Buffer[], length: number): Promise<Buffer> {
  const stream = joinChunks(length);
  for (const piece of pieces) stream.write(piece);
  stream.end();
  return stream.toArray().then((chunks) => Buffer.concat(chunks as Buffer[]));
}

function encoded(chunks: readonly Uint8Array[]): Buffer {
  const head = (size: number) => Buffer.from(`${size.toString(16)};chunk-signature=${'a'.repeat(64)}\r\n`);
  const parts = chunks.map((chunk) => Buffer.concat([head(chunk.length), chunk, Buffer.from('\r\n')]));
  return Buffer.concat([...parts, head(0), Buffer.from('x-amz-checksum-crc32:AAAA\r\n\r\n')]);
}

test('what is in the chunks comes out, wherever the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 30 }),
      async (chunks, size) => {
        const whole = encoded(chunks);
        const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) =>
          whole.subarray(index * size, (index + 1) * size),
        );
        const data = Buffer.concat(chunks);
        expect(await joined(pieces, data.length)).toEqual(data);
      },
    ),
  );
});

test.each([
  ['a size that is no number', 'xyz\r\nhello\r\n0\r\n\r\n'],
  ['a line break of one character', '5\nhello\r\n0\r\n\r\n'],
  ['more bytes than the size says', '5\r\nhello!\r\n0\r\n\r\n'],
  ['more bytes than the head says', '6\r\nhello!\r\n0\r\n\r\n'],
  ['fewer bytes than the head says', '4\r\nhell\r\n0\r\n\r\n'],
  ['an early end', '5;chunk-signature=00\r\nhello\r\n'],
  ['a line without end', 'a'.repeat(5_000)],
  ['no chunks at all', ''],
])('%s breaks the body off', async (_what, text) => {
  await expect(joined([Buffer.from(text)], 5)).rejects.toMatchObject({ code: 'bad_request' });
});
