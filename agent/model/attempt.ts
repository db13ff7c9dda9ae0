import { ModelError } from '../errors.ts';
import { createIdleTimer, watchBody } from './idle.ts';
import { withoutKey } from './without-key.ts';

export interface AttemptOptions {
  /** The turn's. As soon as it aborts, the attempt ends with its reason. */
  readonly signal: AbortSignal;
  /** How long the stream may be silent, pings included. Milliseconds. */
  readonly idleMs: number;
  readonly fetch: typeof fetch;
  /** The model's key, which stands in no error. Null: it has none. */
  readonly key: string | null;
  /** Turns what the vendor's SDK throws into one of our errors. */
  readonly classify: (error: unknown) => ModelError;
}

/**
 * Makes one attempt of a model call: with a `fetch` whose bodies are watched, and a signal that aborts when the turn is
 * stopped, when the server is silent for too long or its answer has no end, and when the attempt is over.
 *
 * @throws ModelError, or the signal's reason
 */
export async function oneAttempt<T>(
  { signal, idleMs, fetch, key, classify }: AttemptOptions,
  run: (fetch: typeof globalThis.fetch, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const idle = createIdleTimer(idleMs);
  const over = new AbortController();
  const endless = new AbortController();
  const watched = watchBody(fetch, { seen: idle.touch, endless: (error) => endless.abort(error) });
  const running = run(watched, AbortSignal.any([signal, idle.signal, endless.signal, over.signal]));
  // A stop is not kept waiting for a socket. What the call says after that interests nobody.
  running.catch(() => {});
  try {
    return await Promise.race([running, aborted(signal), aborted(idle.signal), aborted(endless.signal)]);
  } catch (error) {
    signal.throwIfAborted();
    if (idle.signal.aborted) throw new ModelError('ModelUnavailable', `the model was silent for ${idleMs / 1000} s`);
    if (endless.signal.aborted) throw new ModelError('ModelUnavailable', endless.signal.reason.message);
    throw withoutKey(classify(error), key);
  } finally {
    idle.stop();
    over.abort();
  }
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  const waiting = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  waiting.catch(() => {});
  return waiting;
}
