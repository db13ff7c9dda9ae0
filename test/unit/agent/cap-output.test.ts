import fc from 'fast-check';
import { capForModel, MODEL_OUTPUT_BYTES } from '../../../agent/tools/cap-output.ts';

test('what fits is given whole', () => {
  const text = 'ü'.repeat(MODEL_OUTPUT_BYTES / 2);
  expect(capForModel(text)).toEqual({ text, truncated: false });
});

test('what does not fit keeps its beginning and its end, and the cut says how much is gone', () => {
  const { text, truncated } = capForModel(`begin${'x'.repeat(50_000)}end`);
  expect(truncated).toBe(true);
  expect(text).toMatch(/^begin[\s\S]*\n\[… 17240 of 50008 bytes left out here\..*\]\n[\s\S]*end$/);
});

test('no character is cut in half', () => {
  const character = fc.constantFrom('a', 'é', '€', '😀');
  fc.assert(
    fc.property(fc.array(character, { minLength: 1, maxLength: 5 }), (characters) => {
      const { text } = capForModel(characters.join('').repeat(40_000));
      expect(text).not.toContain('\uFFFD');
      expect(Buffer.byteLength(text)).toBeLessThan(MODEL_OUTPUT_BYTES + 300);
    }),
    { numRuns: 30 },
  );
});
