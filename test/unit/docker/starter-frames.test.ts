import { pieces, starterFrames, stdoutOf } from '../../../docker/starter-frames.ts';

const header = (stream: number, length: number) => Buffer.from([stream, 0, 0, 0, ...sizeBytes(length)]);
const sizeBytes = (length: number) => [
  (length >>> 24) & 255,
  (length >>> 16) & 255,
  (length >>> 8) & 255,
  length & 255,
];
const frame = (kind: string, text: string) =>
  Buffer.from([kind.charCodeAt(0), ...sizeBytes(text.length), ...Buffer.from(text)]);

/** The same bytes, cut into pieces of `size`. */
async function* chunked(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

test.each([1, 3, 7, 1000])('frames come out whole however the bytes are cut (%i at a time)', async (size) => {
  const payload = Buffer.concat([frame('O', 'hello'), frame('J', '{"state":"finished"}')]);
  const stderr = Buffer.from('a warning');
  const wire = Buffer.concat([
    header(1, 4),
    payload.subarray(0, 4),
    header(2, stderr.length),
    stderr,
    header(1, payload.length - 4),
    payload.subarray(4),
  ]);
  const warned: Buffer[] = [];
  const frames = await collect(starterFrames(stdoutOf(chunked(wire, size), (bytes) => warned.push(bytes))));
  expect(frames).toEqual([
    { kind: 'data', bytes: Buffer.from('hello') },
    { kind: 'json', value: { state: 'finished' } },
  ]);
  expect(Buffer.concat(warned).toString()).toBe('a warning');
});

test('bytes that are not from the starter are refused before they are kept', async () => {
  const huge = Buffer.from([79, 255, 255, 255, 255]);
  await expect(collect(starterFrames(chunked(huge, 5)))).rejects.toThrow('not an answer');
  await expect(collect(starterFrames(chunked(Buffer.from('OCI runtime exec failed'), 5)))).rejects.toThrow(
    'not an answer of the starter: OCI runtime exec failed',
  );
});

test('a stream that ends inside a frame is an error', async () => {
  const cut = frame('O', 'hello').subarray(0, 8);
  await expect(collect(starterFrames(chunked(cut, 100)))).rejects.toThrow('ended');
});

test('data is sent in pieces, and an empty piece ends it', async () => {
  const sent = Buffer.concat(await collect(pieces(chunked(Buffer.alloc(100_000, 1), 100_000))));
  expect(sent.readUInt32BE(0)).toBe(65_536);
  expect(sent.readUInt32BE(4 + 65_536)).toBe(100_000 - 65_536);
  expect(sent.readUInt32BE(sent.length - 4)).toBe(0);
  expect(sent.length).toBe(100_000 + 12);
});
