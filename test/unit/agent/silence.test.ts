import { isSilence, mayBecomeSilence } from '../../../agent/silence.ts';

test.each(['NO_REPLY', ' NO_REPLY\n', '`NO_REPLY`', '**NO_REPLY**', 'NO_REPLY.'])('%j says nothing', (text) => {
  expect(isSilence(text)).toBe(true);
});

test.each(['', 'no reply', 'NO_REPLY was what I wanted to say', 'I say NO_REPLY', 'NO'])('%j is an answer', (text) => {
  expect(isSilence(text)).toBe(false);
});

test('an answer that is still being written is held back while it may become the word', () => {
  expect(['N', '`NO', 'NO_REPLY'].every(mayBecomeSilence)).toBe(true);
  expect(['Now', 'NO_REPLY, he said', 'I'].some(mayBecomeSilence)).toBe(false);
});
