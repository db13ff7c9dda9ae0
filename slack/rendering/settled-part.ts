/** The longest text of an image that `neutralise` looks through. */
const IMAGE = 320;
/** The longest spelling of the beginning of a mention. */
const OPENING = 12;

/**
 * The part of a growing markdown text whose safe form does not change any more by what follows: without an image or a mention that may have
 * begun at its end, and without the last word, which may be cut.
 */
export function settledPart(text: string): string {
  const image = text.lastIndexOf('![');
  const open = image >= 0 && text.length - image < IMAGE && !text.includes(')', image) ? image : text.length;
  const from = Math.max(0, open - OPENING);
  const opening = text.slice(from, open).search(/[<&\]!\\]/);
  const end = opening < 0 ? open : from + opening;
  const word = text.slice(0, end).search(/\S+$/);
  return text.slice(0, end < text.length || word < 0 ? end : word);
}
