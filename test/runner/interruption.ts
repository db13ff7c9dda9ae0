/** Ctrl-C or a signal to end: told once, so that a second one ends the process as ever. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Never resolves. */
  readonly rejection: Promise<never>;
}

export function onInterruption(): Interruption {
  const { promise: rejection, reject } = Promise.withResolvers<never>();
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => {
      const reason = new Error(`stopped by ${name}`);
      stopping.abort(reason);
      reject(reason);
    });
  // It may come while nobody waits.
  rejection.catch(() => undefined);
  return { signal: stopping.signal, rejection };
}
