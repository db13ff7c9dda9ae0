import { neutralise } from './neutralise.ts';

/** More than `neutralise` looks at together, as the text of an image. */
const SPAN = 400;
/** What may follow and give the end of a text another meaning: a mention, the target of a link, the rest of an image. */
const FOLLOWING = [
  '!a',
  '\\!a',
  '<!a',
  '&excl;a',
  '(!a',
  ':!a',
  '](!a',
  ']: !a',
  '](https://a)',
  '(https://a)',
  'https://a)',
];

/**
 * The part of a growing markdown text whose safe form (`neutralise`) does not change any more by what follows. It ends after a whole word, so
 * nothing that is written without a space is cut.
 *
 * @example settledPart('Look at [this](') // 'Look at '
 */
export function settledPart(text: string): string {
  const least = Math.max(0, text.length - SPAN);
  for (let end = lastSpace(text, text.length); end > least; end = lastSpace(text, end - 1)) {
    const tail = text.slice(Math.max(0, end - SPAN), end);
    const safe = neutralise(tail);
    if (FOLLOWING.every((next) => neutralise(tail + next).startsWith(safe))) return text.slice(0, end);
  }
  return '';
}

/** A space, or a letter of a script that is written without any: Chinese, Japanese, Korean. */
const WORD_END = /[\s\u3000-\u9fff\uac00-\ud7af\uff00-\uffef]/;

/** Where the last word before `end` begins, after the space in front of it; 0 when there is none. */
function lastSpace(text: string, end: number): number {
  for (let at = end; at > 0; at -= 1) if (WORD_END.test(text[at - 1] ?? '')) return at;
  return 0;
}
