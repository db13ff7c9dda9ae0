import fc from 'fast-check';
import { createAnswerMask } from '../../../proxy/request/answer-mask.ts';

const SECRET = 'k+1/ü=canary';

function masked(pieces: readonly Buffer[]): string {
  const mask = createAnswerMask(SECRET);
  return Buffer.concat([...pieces.map((piece) => Buffer.from(mask.push(piece))), mask.end()]).toString();
}

test.each([SECRET, 'k%2B1%2F%C3%BC%3Dcanary', 'k%2b1%2f%c3%bc%3dcanary', 'k+1\\/ü=canary'])(
  'in every form it is overwritten, and the length stays: %s',
  (form) => {
    const text = `{"next":"https://a.test/x?api_key=${form}&page=2","self":"?api_key=${form}"}`;
    const hidden = masked([Buffer.from(text)]);
    expect(Buffer.byteLength(hidden)).toBe(Buffer.byteLength(text));
    expect(hidden).toBe(text.replaceAll(form, '*'.repeat(Buffer.byteLength(form))));
    expect(createAnswerMask(SECRET).header(`https://b.test/?api_key=${form}`)).not.toContain('canary');
  },
);

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

test('an ordinary piece is passed on at once', () => {
  expect(createAnswerMask(SECRET).push(Buffer.from('data: tick\n\n')).toString()).toBe('data: tick\n\n');
});

test('a credential too short to be told from other text is not looked for', () => {
  expect(createAnswerMask('abc').push(Buffer.from('abcabc')).toString()).toBe('abcabc');
});
