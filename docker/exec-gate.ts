/** Keeps the starting of programs and the pausing of a sandbox apart (`pauseContainer` says what happens otherwise). */
export interface ExecGate {
  /** Starts a program: waits while the sandbox is being paused. */
  starting<T>(id: string, start: () => Promise<T>): Promise<T>;
  /** Pauses: waits for programs that are on their way, and lets no other one begin. */
  pausing<T>(id: string, pause: () => Promise<T>): Promise<T>;
}

export function createExecGate(): ExecGate {
  const starts = new Map<string, Set<Promise<unknown>>>();
  const pauses = new Map<string, Promise<unknown>>();

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
      const paused = Promise.all(starts.get(id) ?? []).then(pause);
      const seen = paused.then(
        () => undefined,
        () => undefined,
      );
      pauses.set(id, seen);
      void seen.then(() => pauses.delete(id));
      return await paused;
    },
  };
}
