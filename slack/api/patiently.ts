import { failureOf } from './errors.ts';

/** Whoever is stopped is not kept waiting for a whole `Retry-After`. */
const LONGEST_WAIT_MS = 1_000;

/** Repeats a call for as long as it is too early for it: our own pace, or Slack's `Retry-After`. */
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
