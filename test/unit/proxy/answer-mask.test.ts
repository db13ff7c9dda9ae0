import fc from 'fast-check';
import { type AnswerMask, createAnswerMasks } from '../../../proxy/request/answer-mask.ts';
import { countCpuTime } from '../../support/cpu-time.ts';

const SECRET = 'k+1/ü=canary';

function maskOf(...secrets: readonly string[]): AnswerMask {
  const mask = createAnswerMasks().maskOf(secrets);
  if (mask === null) throw new Error('nothing is looked for');
  return mask;
}

function masked(pieces: readonly Buffer[]): string {
  const mask = maskOf(SECRET);
  return Buffer.concat([...pieces.map((piece) => Buffer.from(mask.push(piece))), mask.end()]).toString();
}

test.each([SECRET, 'k%2B1%2F%C3%BC%3Dcanary', 'k%2b1%2f%c3%bc%3dcanary', 'k+1\\/ü=canary'])(
  'in every form it is overwritten, and the length stays: %s',
  (form) => {
    const text = `{"next":"https://a.test/x?api_key=${form}&page=2","self":"?api_key=${form}"}`;
    const hidden = masked([Buffer.from(text)]);
    expect(Buffer.byteLength(hidden)).toBe(Buffer.byteLength(text));
    expect(hidden).toBe(text.replaceAll(form, '*'.repeat(Buffer.byteLength(form))));
    expect(maskOf(SECRET).header(`https://b.test/?api_key=${form}`)).not.toContain('canary');
  },
);

test.each([
  ['JSON escapes', 'k\\u002B1\\/\\u00fc\\u003Dcanary'],
  ['JSON escapes in small letters, all signs', 'k\\u002b1\\u002f\\u00FC\\u003dcanary'],
  ['JSON inside JSON', 'k\\\\u002B1\\\\\\/\\\\u00fc=canary'],
  ['a URL inside JSON', 'k\\u00252B1\\u00252F\\u0025C3\\u0025BC\\u00253Dcanary'],
  ['a URL inside a URL', 'k%252B1%252F%25C3%25BC%253Dcanary'],
  ['a URL of Latin-1', 'k%2B1%2F%FC%3Dcanary'],
  ['UTF-8 taken for Latin-1', 'k+1/\\u00c3\\u00bc=canary'],
  ['numbers of HTML', 'k&#43;1&#x2F;&#252;&#061;canary'],
  ['names of HTML', 'k&plus;1&sol;&#xfc;&equals;canary'],
  ['HTML inside HTML', 'k&amp;#43;1&amp;sol;&amp;#xfc;=canary'],
  ['escapes of programs', 'k\\x2B1/\\xfc\\x3Dcanary'],
  ['the function escape()', 'k%u002B1/%FC%3Dcanary'],
])('it is overwritten in %s', (_, form) => {
  const text = `{"next":"?api_key=${form}&page=2"}${form}\\u00e9`;
  expect(masked([Buffer.from(text)])).toBe(text.replaceAll(form, '*'.repeat(Buffer.byteLength(form))));
  for (let cut = 0; cut <= text.length; cut += 1) {
    const bytes = Buffer.from(text);
    expect(masked([bytes.subarray(0, cut), bytes.subarray(cut)])).not.toContain('canary');
  }
  expect(maskOf(SECRET).header(`</x?api_key=${form}>; rel=next`)).not.toContain('canary');
});

test('Latin-1 is overwritten in the body and in a header, where UTF-8 is too', () => {
  const latin1 = Buffer.from(`a ${SECRET} é`, 'latin1');
  const mask = maskOf(SECRET);
  expect(Buffer.concat([mask.push(latin1), mask.end()]).toString('latin1')).toBe('a ************ é');
  // Node reads headers as Latin-1.
  const header = Buffer.from(`a ${SECRET} é`).toString('latin1');
  expect(Buffer.from(mask.header(header), 'latin1').toString()).toBe('a ************* é');
  expect(mask.header(`a ${SECRET} é`)).toBe('a ************ é');
});

test('a credential that begins and ends with signs is overwritten with all of them', () => {
  const mask = maskOf('+&/abcdef%"');
  const text = 'x \\u002B&amp;\\/abcdef\\u0025\\" \\u002B&amp;/abcde y';
  const [hidden] = [mask.push(Buffer.from(text))].map((part) => Buffer.concat([part, mask.end()]).toString());
  expect(hidden).toBe(`x ${'*'.repeat(text.lastIndexOf(' \\u002B&') - 2)} \\u002B&amp;/abcde y`);
});

test.each([
  ['nothing but escapes', '\\'],
  ['escapes inside escapes', '%2525'],
  ['entities inside entities', '&amp;'],
  ['its own beginning', 'sk9d8f7'],
])('an answer of %s is read fast enough', (_, piece) => {
  for (const secret of ['sk9d8f7+abcd/efgh==', '+/sk9d8f7abcd', 'ü&%\\abcdefgh']) {
    const mask = maskOf(secret);
    const chunk = Buffer.alloc(64 * 1024, piece);
    mask.push(chunk);
    const spentMs = countCpuTime();
    for (let index = 0; index < 16; index += 1) mask.push(chunk);
    expect(spentMs()).toBeLessThan(400);
  }
});

test('it is found wherever the pieces are cut, and everything else stays', () => {
  const parts = fc.oneof(fc.constant(SECRET), fc.constant(SECRET.slice(0, 7)), fc.string({ maxLength: 9 }));
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 8 }), fc.integer({ min: 1, max: 9 }), (texts, size) => {
      const bytes = Buffer.from(texts.join(''));
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        Buffer.from(bytes.subarray(index * size, (index + 1) * size)),
      );
      expect(masked(pieces)).toBe(bytes.toString().replaceAll(SECRET, '*'.repeat(Buffer.byteLength(SECRET))));
    }),
  );
});

test('how much is held back tells nothing about the credential', () => {
  const other = SECRET.split('').reverse().join('');
  for (const text of ['x ', 'x&key=', '{"a":"', 'data: ']) {
    for (let length = 0; length < SECRET.length; length += 1) {
      const piece = Buffer.from(text + SECRET.slice(0, length));
      const sizes = [SECRET, other].map((secret) => maskOf(secret).push(piece).length);
      expect(sizes[0]).toBe(sizes[1]);
    }
  }
});

test.each(['data: tick\n\n', '{"a":1}', '[1,2]', '<p>text</p>', 'event: "x"'])('%j is passed on at once', (text) => {
  expect(maskOf(SECRET).push(Buffer.from(text)).toString()).toBe(text);
});

test('of a text without an end a few hundred bytes are held back at most', () => {
  const mask = maskOf(SECRET);
  expect(mask.push(Buffer.alloc(64 * 1024, 'a')).length).toBeGreaterThan(64 * 1024 - 600);
  expect(mask.push(Buffer.alloc(1_000, 'a')).length).toBe(1_000);
});

test('an ordinary piece is passed on at once', () => {
  expect(maskOf(SECRET).push(Buffer.from('data: tick\n\n')).toString()).toBe('data: tick\n\n');
});

test('a credential too short to be told from other text is not looked for', () => {
  expect(createAnswerMasks().maskOf(['abc', '1234567'])).toBeNull();
});

test('several credentials are overwritten at once, also where one is cut in two', () => {
  const [token, encoded] = ['ghs_0123canary', 'eC1hY2Nlc3MtdG9rZW46Z2hz'];
  const text = `Authorization: Basic ${encoded}\r\ntoken=${token}&x`;
  for (let cut = 0; cut <= text.length; cut += 1) {
    const mask = maskOf(token, encoded);
    const hidden = Buffer.concat([
      mask.push(Buffer.from(text.slice(0, cut))),
      mask.push(Buffer.from(text.slice(cut))),
      mask.end(),
    ]);
    expect(hidden.toString()).toBe(
      `Authorization: Basic ${'*'.repeat(encoded.length)}\r\ntoken=${'*'.repeat(token.length)}&x`,
    );
    expect(mask.hasHidden()).toBe(true);
  }
  const other = maskOf(token, encoded);
  other.push(Buffer.from('nothing of it'));
  expect(other.hasHidden()).toBe(false);
  expect(createAnswerMasks().maskOf(['short'])).toBeNull();
});
