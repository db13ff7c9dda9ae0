/**
 * Keeps the starting of programs and the pausing of a sandbox apart (`pauseContainer` says what happens otherwise), and knows which
 * sandboxes were woken a moment ago.
 */
export interface ExecGate {
  /** Starts a program: waits while the sandbox is being paused. */
  starting<T>(id: string, start: () => Promise<T>): Promise<T>;
  /**
   * Pauses: waits for programs that are on their way, and lets no other one begin.
   * @param pause is told whether the sandbox was woken a moment ago
   */
  pausing<T>(id: string, pause: (wasWoken: boolean) => Promise<T>): Promise<T>;
  /** Notes that the sandbox was woken. */
  woken(id: string): void;
  /** Whether it was woken a moment ago and was not paused since. Then an engine that calls it paused is behind. */
  wasWoken(id: string): boolean;
}

/** How long the engine may be behind with what it was told to do, on a machine that has much to do. */
const BEHIND_MS = 20_000;

/** @param now milliseconds of a clock that never goes back */
export function createExecGate(now: () => number = () => performance.now()): ExecGate {
  const starts = new Map<string, Set<Promise<unknown>>>();
  const pauses = new Map<string, Promise<unknown>>();
  /** When it was woken. What is older than BEHIND_MS is dropped with the next one. */
  const awake = new Map<string, number>();
  const isFresh = (id: string) => now() - (awake.get(id) ?? Number.NEGATIVE_INFINITY) <= BEHIND_MS;

  return {
    async starting(id, start) {
      while (pauses.has(id)) await pauses.get(id);
      const under = starts.get(id) ?? new Set();
      const started = start();
      const seen = started.then(
        () => undefined,
        () => undefined,
      );
      starts.set(id, under.add(seen));
      void seen.then(() => {
        under.delete(seen);
        if (under.size === 0 && starts.get(id) === under) starts.delete(id);
      });
      return await started;
    },
    async pausing(id, pause) {
      while (pauses.has(id)) await pauses.get(id);
      const wasWoken = isFresh(id);
      awake.delete(id);
      const paused = Promise.all(starts.get(id) ?? []).then(() => pause(wasWoken));
      const seen = paused.then(
        () => undefined,
        () => undefined,
      );
      pauses.set(id, seen);
      void seen.then(() => pauses.delete(id));
      return await paused;
    },
    woken(id) {
      for (const each of awake.keys()) if (!isFresh(each)) awake.delete(each);
      awake.set(id, now());
    },
    wasWoken: isFresh,
  };
}
