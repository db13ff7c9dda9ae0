import { readResult } from '../../../mcp/tool-answer.ts';
import { readListed } from '../../../mcp/tool-definition.ts';

const data = Buffer.from('bytes').toString('base64');

test('texts, links and embedded texts come in their order, and everything else as files', () => {
  const answer = readResult({
    content: [
      { type: 'text', text: 'one' },
      { type: 'image', data, mimeType: 'image/jpeg' },
      { type: 'resource_link', uri: 'file:///a\nb', name: 'a' },
      { type: 'resource', resource: { uri: 'x://y', text: 'inside' } },
      { type: 'resource', resource: { uri: 'x://z', blob: data, mimeType: 'application/../../etc' } },
      { type: 'audio', data, mimeType: 'audio/x-wav' },
    ],
  });
  expect(answer.text.split('\n')).toEqual([
    'one',
    '(resource file:///a b: a)',
    '(resource x://y)',
    'inside',
    '(resource x://z)',
  ]);
  expect(answer.files.map(({ name, bytes }) => `${name} ${bytes}`)).toEqual([
    '1.jpg bytes',
    '2.bin bytes',
    '3.wav bytes',
  ]);
  expect(answer.isError).toBe(false);
});

test('structured content is told where no text repeats it', () => {
  const structuredContent = { a: 1, b: [2] };
  expect(readResult({ content: [{ type: 'text', text: '{"b": [2], "a": 1}' }], structuredContent }).text).toBe(
    '{"b": [2], "a": 1}',
  );
  const { text } = readResult({ content: [{ type: 'text', text: 'done' }], structuredContent, isError: true });
  expect(text).toBe(`done\n${JSON.stringify(structuredContent)}`);
});

test('an answer has a bounded number of files', () => {
  const { files, text } = readResult({
    content: Array.from({ length: 22 }, () => ({ type: 'image', data, mimeType: 'image/png' })),
  });
  expect(files).toHaveLength(20);
  expect(text.split('\n')).toEqual(Array(2).fill('(image: left out, because an answer has at most 20 files)'));
});

test('the digest of a definition is the same in whatever order its fields come', () => {
  const [one] = readListed({
    name: 'a',
    inputSchema: { type: 'object', properties: { x: {}, y: {} } },
    annotations: { title: 't', readOnlyHint: true },
  });
  const [other] = readListed({
    annotations: { readOnlyHint: true, title: 't' },
    inputSchema: { properties: { y: {}, x: {} }, type: 'object' },
    name: 'a',
  });
  expect(one).toMatchObject({ problem: null, definition: { readOnly: true, idempotent: false } });
  expect(other?.digest).toBe(one?.digest);
});

test('what has no name is no tool, and odd fields count as absent', () => {
  expect([{ name: '' }, {}, null, 'x'].flatMap(readListed)).toEqual([]);
  expect(readListed({ name: 'a\u0007', inputSchema: { type: 'object' } })).toMatchObject([
    { problem: expect.stringContaining('characters') },
  ]);
  expect(readListed({ name: 'a', description: 7, annotations: 'x', inputSchema: { type: 'object' } })).toMatchObject([
    { problem: null, definition: { description: '' } },
  ]);
});

test('structured content takes no more room than it came with, however deep it is nested', () => {
  let nested: unknown = Array.from({ length: 10_000 }, () => 0);
  for (let depth = 0; depth < 500; depth += 1) nested = [nested];
  const { text } = readResult({ content: [], structuredContent: nested });
  expect(text).toHaveLength(JSON.stringify(nested).length);
});
