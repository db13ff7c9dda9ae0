import { createLineBuffer } from '../../../mcp/line-buffer.ts';

test('a line in pieces of one byte is read as a whole, and takes no more memory than its bytes need', () => {
  const text = 'ä line → with sïgns of sevéral bytes '.repeat(2_000);
  const line = createLineBuffer();
  for (const byte of Buffer.from(text)) line.add(Buffer.of(byte));
  expect(line.size()).toBeLessThanOrEqual(Buffer.byteLength(text) * 2);
  expect(line.take()).toBe(text);
  expect(line.size()).toBe(0);
  expect(line.take()).toBe('');
  line.add(Buffer.from('next'));
  expect(line.take()).toBe('next');
});
