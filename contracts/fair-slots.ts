/** A bounded number of places, given to those who wait in turn. */
export interface FairSlots {
  /**
   * Runs `work` when a place is free. Of those who wait, the next is of the `key` that was served longest ago; of one
   * key it is first come, first served.
   */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/** @param width how many may be at work at once */
export function createFairSlots(width: number): FairSlots {
  /** A Map remembers the order of its keys: the first one was served longest ago. */
  const waiting = new Map<string, (() => void)[]>();
  let free = width;

  const release = (): void => {
    free += 1;
    const [first] = waiting;
    if (!first) return;
    const [key, queue] = first;
    const next = queue.shift();
    waiting.delete(key);
    if (queue.length > 0) waiting.set(key, queue);
    free -= 1;
    next?.();
  };

  return {
    async run(key, work) {
      if (free > 0) free -= 1;
      else {
        await new Promise<void>((resolve) => {
          waiting.set(key, [...(waiting.get(key) ?? []), resolve]);
        });
      }
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
