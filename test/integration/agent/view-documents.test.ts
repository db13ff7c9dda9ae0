/** Documents as the model is shown them, made ready in a real sandbox. */

import { DOCUMENTS } from './support/document-samples.ts';
import { createViewStage, type ViewStage } from './support/view-stage.ts';

let stage: ViewStage;

beforeAll(async () => {
  stage = await createViewStage(DOCUMENTS);
}, 180_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

test('a short PDF is shown whole, with its text, and by pages where the model takes pictures only', async () => {
  const content = await stage.view({ path: 'three.pdf' });
  expect(content.text).toContain('a PDF (3 pages)');
  expect(content.text).toMatch(/Page number 1[\s\S]*Page number 3/);
  const [shown] = content.shown ?? [];
  expect(shown).toMatchObject({ type: 'application/pdf', label: 'three.pdf' });
  expect(shown?.pages?.map(({ label }) => label)).toEqual([1, 2, 3].map((page) => `three.pdf, page ${page}`));
  expect((await stage.bytesOf(content)).subarray(0, 5).toString()).toBe('%PDF-');
}, 60_000);

test('of a long PDF ten pages are shown at once, and others when they are asked for', async () => {
  const first = await stage.view({ path: 'long.pdf' });
  expect(first.text).toContain('the pages 1 to 10 of 12; at most 10 are shown at once');
  expect(first.shown).toHaveLength(10);
  const rest = await stage.view({ path: 'long.pdf', pages: '11-12' });
  expect(rest.shown?.map(({ label }) => label)).toEqual(['long.pdf, page 11', 'long.pdf, page 12']);
  expect((await stage.view({ path: 'long.pdf', pages: '40' })).text).toContain('The PDF has 12 pages.');
}, 60_000);

test('a PDF that its owner has locked is shown by its pages, because vendors refuse what is encrypted', async () => {
  const { text, isError, shown } = await stage.view({ path: 'locked.pdf' });
  expect(text).toContain('locked.pdf is a PDF (2 pages)');
  expect(isError).toBe(false);
  expect(shown?.map(({ type, label }) => [type, label])).toEqual([
    ['image/png', 'locked.pdf, page 1'],
    ['image/png', 'locked.pdf, page 2'],
  ]);
}, 60_000);

test('the text of a PDF full of words is cut, and the whole text of what is shown lies in the workspace', async () => {
  const { signal } = new AbortController();
  const [first, rest] = await Promise.all([
    stage.view({ path: 'words.pdf' }),
    stage.view({ path: 'words.pdf', pages: '11-12' }),
  ]);
  expect(first.isError).toBe(false);
  expect(first.shown).toHaveLength(10);
  expect(first.text).toMatch(/all of it is in \/workspace\/viewed\/words\.pdf\.pages-1-10\.txt/);
  const whole = await stage.real.port.readFile('/workspace/viewed/words.pdf.pages-1-10.txt', { maxBytes: 1e7, signal });
  expect(whole.length).toBeGreaterThan(100_000);
  expect(whole.toString()).toMatch(/page 1 line 0 [\s\S]*page 10 line 199 /);
  expect(whole.toString()).not.toContain('page 11');
  expect(rest.text).toContain('page 12 line 199 ');
}, 120_000);

test.each([
  [
    'report.docx',
    [/# Results\n/, /Signups rose by 12 %/, /Region \| Count\nNorth \| 7/, /\[footnotes\]\nCounted twice/],
  ],
  ['numbers.xlsx', [/## Sheet Sales \(3 rows\)/, /Day\tCount\tDone/, /2026-11-30\t7\tTRUE/, /said inline/]],
  ['talk.pptx', [/## Slide 1\nWelcome/, /Notes: Do not read this aloud/, /## Slide 2\nThe end/]],
  ['page.html', [/Hello team/, /a\tb/]],
  ['table.csv', [/city,people\nKöln,1000000/]],
  ['utf16.txt', [/^utf16\.txt is text[\s\S]*Grüße/]],
])('the text of %s is read', async (path, words) => {
  const content = await stage.view({ path });
  for (const each of words) expect(content.text).toMatch(each);
  expect(content.text).not.toContain('alert(1)');
  expect(content.isError).toBe(false);
});

test('a long document is cut, and the whole text lies in the workspace', async () => {
  const content = await stage.view({ path: 'long.docx' });
  expect(content.text).toContain('/workspace/viewed/long.docx.txt');
  const whole = await stage.real.port.readFile('/workspace/viewed/long.docx.txt', {
    maxBytes: 1e7,
    signal: new AbortController().signal,
  });
  expect(whole.toString()).toContain('line 4999');
});

test('what is cut for its bytes lies whole in the workspace as well', async () => {
  const content = await stage.view({ path: 'umlauts.docx' });
  expect(content.text).toContain('bytes left out here');
  expect(content.text).toContain('/workspace/viewed/umlauts.docx.txt');
});
