import { createPictureCache, loadShown } from '../../../agent/transcript/shown-files.ts';
import type { ShownFile } from '../../../contracts/conversation.ts';
import type { Queryable } from '../../../store/database.ts';
import type { TranscriptRow } from '../../../store/transcript.ts';

const MEGABYTE = 1024 * 1024;
const away = () => Promise.reject(new Error('all of it is in the cache'));
const db: Queryable = { query: away, wake: away };

function picture(label: string, bytes = 1_000): ShownFile {
  return { file: label, type: 'image/png', bytes, label };
}

function pdf(label: string, pages: number, bytes = 1_000): ShownFile {
  const each = Array.from({ length: pages }, (_, nth) => picture(`${label}, page ${nth + 1}`));
  return { file: label, type: 'application/pdf', bytes, label, pages: each };
}

/** The labels that a request shows of such files, oldest first. */
async function shownOf(files: readonly ShownFile[]): Promise<string[]> {
  const rows = files.map((file): TranscriptRow => {
    const content = { call: file.label, tool: 'view_file', text: '', isError: false, shown: [file] };
    return { seq: '1', turn: 1, role: 'tool', step: 2, content, tokens: 1, at: new Date(0) };
  });
  const cache = createPictureCache();
  for (const { file } of files) cache.set(file, 'AAAA');
  const show = await loadShown(db, rows, { takes: ['images', 'pdf'], blind: false, cache });
  return files.flatMap((file) => show(file)).flatMap((each) => (typeof each === 'string' ? [] : [each.label]));
}

const pictures = (count: number) => Array.from({ length: count }, (_, nth) => picture(`${nth + 1}.png`));

test('two PDF of ten pages and a picture: the newest PDF and the picture are shown', async () => {
  expect(await shownOf([pdf('a.pdf', 10), pdf('b.pdf', 10), picture('shot.png')])).toEqual(['b.pdf', 'shot.png']);
});

test('four PDF that are too large together: the newest three are shown', async () => {
  const files = ['a', 'b', 'c', 'd'].map((name) => pdf(name, 1, 4 * MEGABYTE));
  expect(await shownOf(files)).toEqual(['b', 'c', 'd']);
});

test('no PDF that has room is left out for the stride of single pictures', async () => {
  const files = [pdf('a', 10), pdf('b', 10), picture('1'), pdf('c', 10), pdf('d', 10), picture('2')];
  expect(await shownOf(files)).toEqual(['d', '2']);
});

test('single pictures are left out five at a time, by their number and by their bytes', async () => {
  const firstOf = async (files: readonly ShownFile[]) => (await shownOf(files))[0];
  expect(await firstOf(pictures(20))).toBe('1.png');
  for (const count of [21, 22, 23, 24, 25]) expect(await firstOf(pictures(count))).toBe('6.png');
  expect(await firstOf(pictures(26))).toBe('11.png');
  const large = (count: number) => pictures(count).map((each) => ({ ...each, bytes: MEGABYTE }));
  expect(await firstOf(large(12))).toBe('1.png');
  for (const count of [13, 15, 17]) expect(await firstOf(large(count))).toBe('6.png');
  expect(await firstOf(large(18))).toBe('11.png');
});

test('whatever there is, the newest is shown', async () => {
  for (let pages = 1; pages <= 10; pages += 1) {
    for (let count = 1; count <= 12; count += 1) {
      const files = Array.from({ length: count }, (_, nth) => pdf(`${nth}`, pages, 3 * MEGABYTE));
      expect((await shownOf([...files, picture('newest')])).at(-1)).toBe('newest');
      expect((await shownOf(files)).at(-1)).toBe(`${count - 1}`);
    }
  }
});
