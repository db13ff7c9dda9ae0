import { linesOf } from '../../../docker/lines-of.ts';

async function lines(...chunks: readonly (string | Buffer)[]): Promise<string[]> {
  async function* stream() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const found: string[] = [];
  for await (const line of linesOf(stream())) found.push(line);
  return found;
}

test('lines are whole whatever pieces they come in, and characters too', async () => {
  const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
  expect(await lines('a', 'b\nc\r\nd', first, second, '\ne')).toEqual(['ab', 'c', 'dé', 'e']);
  expect(await lines('50 %\r100 %\n')).toEqual(['50 %', '100 %']);
  expect(await lines()).toEqual([]);
});

test('a line without an end is cut, and the next one is whole', async () => {
  const found = await lines(...Array.from({ length: 2_000 }, () => 'x'.repeat(64 * 1024)), '\nthe end');
  expect(found.map(({ length }) => length)).toEqual([4_096, 7]);
});
