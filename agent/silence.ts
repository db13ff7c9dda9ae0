/** What the model answers when a message needs no answer at all, such as thanks between people. */
const SILENCE = 'NO_REPLY';

/** Whether an answer is the word and nothing else. Models put it in code or bold as well. */
export function isSilence(text: string): boolean {
  return text.replace(/[`*_.\s]/g, '') === SILENCE.replace('_', '');
}

/** Whether a text that is still being written may become the word. It is not shown until that is certain. */
export function mayBecomeSilence(text: string): boolean {
  return SILENCE.replace('_', '').startsWith(text.replace(/[`*_.\s]/g, ''));
}
