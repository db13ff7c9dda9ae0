import { ModelError } from '../errors.ts';
import type { Model } from './model.ts';

/**
 * The same model, whose errors do not hold its key. Errors go into workflow histories and logs, and some servers repeat a
 * key that they refuse.
 */
export function withoutKey(model: Model, key: string | null): Model {
  if (!key) return model;
  return {
    ...model,
    async call(request) {
      try {
        return await model.call(request);
      } catch (error) {
        if (!(error instanceof ModelError) || !wordsOf(error).includes(key)) throw error;
        const { code, message, status, retryAfterMs, tooLong } = error;
        throw new ModelError(code, message.replaceAll(key, '…'), {
          ...(status !== null && { status }),
          retryAfterMs,
          tooLong,
        });
      }
    },
  };
}

/** Everything of an error and its causes that may be stored. */
function wordsOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 8) return '';
  return `${error.message}\n${error.stack ?? ''}\n${wordsOf(error.cause, depth + 1)}`;
}
