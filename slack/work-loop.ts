export interface WorkLoop {
  /** There may be something to do. Cheap; may be called at any time. */
  poke(): void;
  /** Takes nothing new and waits for what is under way. */
  stop(): Promise<void>;
}

export interface WorkLoopOptions<Item> {
  /** Takes up to `limit` items that nobody else will get. */
  readonly claim: (limit: number) => Promise<readonly Item[]>;
  /** Must not throw: an item's trouble is its own. */
  readonly work: (item: Item) => Promise<void>;
  /** Items of one lane are worked on one after the other, in the order they were claimed. */
  readonly laneOf: (item: Item) => string;
  /** Claiming failed, which means that the database is away. */
  readonly onError: (error: unknown) => void;
  /** How often to look without being poked. @default 500 */
  readonly pollMs?: number;
  /** Items under way at the same time. @default 32 */
  readonly width?: number;
}

/** Claims and works for as long as there is something; looks again when poked, when an item is done, and by the clock. */
export function createWorkLoop<Item>(options: WorkLoopOptions<Item>): WorkLoop {
  const { claim, work, laneOf, onError, pollMs = 500, width = 32 } = options;
  const lanes = new Map<string, Promise<void>>();
  const underWay = new Set<Promise<void>>();
  let claiming: Promise<void> | null = null;
  let again = false;
  let stopped = false;

  const begin = (item: Item): void => {
    const lane = laneOf(item);
    const before = lanes.get(lane) ?? Promise.resolve();
    const done = before
      .then(() => work(item))
      .catch(onError)
      .finally(() => {
        underWay.delete(done);
        if (lanes.get(lane) === done) lanes.delete(lane);
        poke();
      });
    lanes.set(lane, done);
    underWay.add(done);
  };

  const claimAll = async (): Promise<void> => {
    do {
      again = false;
      const room = width - underWay.size;
      if (stopped || room <= 0) return;
      for (const item of await claim(room)) begin(item);
    } while (again);
  };

  const poke = (): void => {
    again = true;
    if (stopped || claiming !== null) return;
    claiming = claimAll()
      .catch(onError)
      .finally(() => {
        claiming = null;
        // Poked after the last claim and before this line.
        if (again && !stopped) poke();
      });
  };

  const timer = setInterval(poke, pollMs);
  poke();
  return {
    poke,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await claiming;
      await Promise.all(underWay);
    },
  };
}
