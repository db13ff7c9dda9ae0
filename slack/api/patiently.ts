import { failureOf } from './errors.ts';

/** The longest single wait, so that a stopped caller ends soon even if `Retry-After` is long. */
const LONGEST_WAIT_MS = 1_000;

/** Repeats a call as long as a rate limit refuses it, ours or Slack's (`Retry-After`). Other errors are thrown. */
export async function patiently<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind !== 'limited') throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(failure.waitMs, LONGEST_WAIT_MS)));
      signal.throwIfAborted();
    }
  }
}
