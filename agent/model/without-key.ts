import { ModelError } from '../errors.ts';

/** Of a message. Errors go into workflow histories, which have no room for a server's whole answer. */
const MOST_CHARACTERS = 500;
/** Of an error with its causes. */
const MOST_WORDS = 20_000;

/**
 * The same failure without the model's key, and bounded. Errors go into workflow histories and logs, and some servers
 * repeat a key that they refuse. The key is taken out before anything is cut, because the piece of a key that is left at
 * a cut is not found any more.
 */
export function withoutKey(error: ModelError, key: string | null): ModelError {
  const words = wordsOf(error);
  const holdsKey = key !== null && key !== '' && words.includes(key);
  if (!holdsKey && error.message.length <= MOST_CHARACTERS && words.length <= MOST_WORDS) return error;
  const { code, message, status, retryAfterMs, tooLong } = error;
  const shown = holdsKey ? message.replaceAll(key, '…') : message;
  return new ModelError(code, shown.slice(0, MOST_CHARACTERS), {
    ...(status !== null && { status }),
    retryAfterMs,
    tooLong,
  });
}

/** Everything of an error and its causes that may be stored. */
function wordsOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 8) return '';
  return `${error.message}\n${error.stack ?? ''}\n${wordsOf(error.cause, depth + 1)}`;
}
