/** How long a call may be silent, and how long it may take in all. Time in which a person is asked does not count. */
export interface CallClock {
  /** Aborts when one of both is over. */
  readonly late: AbortSignal;
  /** The server has said something. */
  heard(): void;
  /** Stops counting until `work` is done. */
  without<T>(work: () => Promise<T>): Promise<T>;
  /** Milliseconds that were not counted so far. */
  withoutMs(): number;
  stop(): void;
}

/**
 * Starts the clock of one call.
 * @param silenceMs how long the server may say nothing
 * @param callMs how long the call may take in all
 */
export function startCallClock(silenceMs: number, callMs: number): CallClock {
  const late = new AbortController();
  let leftMs = callMs;
  let since = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let waits = 0;
  let waitsSince = 0;
  let waited = 0;
  let isOver = false;

  /** Begins a silence anew, as far as the whole call has time left. */
  function run(): void {
    clearTimeout(timer);
    if (waits > 0 || isOver) return;
    const now = performance.now();
    leftMs -= now - since;
    since = now;
    timer = setTimeout(() => late.abort(), Math.max(0, Math.min(silenceMs, leftMs)));
  }
  run();

  return {
    late: late.signal,
    heard: run,
    async without(work) {
      run();
      if (waits === 0) waitsSince = performance.now();
      waits += 1;
      clearTimeout(timer);
      try {
        return await work();
      } finally {
        waits -= 1;
        if (waits === 0) {
          since = performance.now();
          waited += since - waitsSince;
        }
        run();
      }
    },
    withoutMs: () => waited + (waits > 0 ? performance.now() - waitsSince : 0),
    stop() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
