/** Timers that can all be dropped at once, so that closing the simulator leaves nothing running. */
export interface Timers {
  after(ms: number, action: () => void): void;
  every(ms: number, action: () => void): void;
  clear(): void;
}

/** After `clear`, asking for a timer does nothing: late work of a closing simulator starts none. */
export function createTimers(): Timers {
  const pending = new Set<NodeJS.Timeout>();
  let closed = false;
  return {
    after(ms, action) {
      if (closed) return;
      const timer = setTimeout(() => {
        pending.delete(timer);
        action();
      }, ms);
      pending.add(timer);
    },
    every(ms, action) {
      if (!closed) pending.add(setInterval(action, ms));
    },
    clear() {
      closed = true;
      for (const timer of pending) clearTimeout(timer);
      pending.clear();
    },
  };
}
