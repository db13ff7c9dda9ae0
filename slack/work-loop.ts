export interface WorkLoop {
  /** There may be something to do. Cheap; may be called at any time. */
  poke(): void;
  /** Takes nothing new and waits for what is under way. */
  stop(): Promise<void>;
}

export interface WorkLoopOptions<Item> {
  /** Takes up to `limit` items that nobody else will get. */
  readonly claim: (limit: number) => Promise<readonly Item[]>;
  /**
   * Must not throw: an item's trouble is its own. An item that has to wait for something long calls `stepAside` first: it
   * goes on, and its place is free for another.
   */
  readonly work: (item: Item, stepAside: () => void) => Promise<void>;
  /** Items of one lane are worked on one after the other, in the order they were claimed. @default each alone */
  readonly laneOf?: (item: Item) => string;
  /** Claiming failed, which means that the database is away. */
  readonly onError: (error: unknown) => void;
  /**
   * After a claim that found nothing: milliseconds until something may be due that nobody pokes for, or null when there
   * is no such thing. Without it the loop looks every `pollMs`.
   */
  readonly nextDueMs?: () => Promise<number | null>;
  /** How often to look without being poked, at most. @default 500 */
  readonly pollMs?: number;
  /** How often to look at least, in case a poke got lost. @default 2000 */
  readonly safetyMs?: number;
  /** Milliseconds for which nothing new is taken, asked at each look. What is under way goes on. @default 0 */
  readonly restMs?: () => number;
  /** Items under way at the same time; a function is asked before each claim. @default 32 */
  readonly width?: number | (() => number);
  /** Items that have stepped aside. Beyond that many an item keeps its place while it waits. @default 256 */
  readonly aside?: number;
}

/**
 * Claims and works for as long as there is something. It looks again when poked, when an item is done, and by the clock:
 * when the next item is due, and every `safetyMs` at the latest.
 */
export function createWorkLoop<Item>(options: WorkLoopOptions<Item>): WorkLoop {
  const { claim, work, laneOf, onError, nextDueMs, restMs = () => 0, width = 32, aside = 256 } = options;
  const { pollMs = 500, safetyMs = 2_000 } = options;
  const lanes = new Map<string, Promise<void>>();
  const underWay = new Set<Promise<void>>();
  let waitingAside = 0;
  let claiming: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const begin = (item: Item): void => {
    const lane = laneOf?.(item);
    const before = (lane === undefined ? undefined : lanes.get(lane)) ?? Promise.resolve();
    let isAside = false;
    const stepAside = (): void => {
      if (isAside || waitingAside >= aside) return;
      isAside = true;
      waitingAside += 1;
      poke();
    };
    const done = before
      .then(() => work(item, stepAside))
      .catch(onError)
      .finally(() => {
        underWay.delete(done);
        if (isAside) waitingAside -= 1;
        if (lane !== undefined && lanes.get(lane) === done) lanes.delete(lane);
        poke();
      });
    if (lane !== undefined) lanes.set(lane, done);
    underWay.add(done);
  };

  const claimAll = async (): Promise<void> => {
    do {
      again = false;
      const room = (typeof width === 'number' ? width : width()) - (underWay.size - waitingAside);
      if (stopped || room <= 0 || restMs() > 0) return;
      for (const item of await claim(room)) begin(item);
    } while (again);
  };

  const poke = (): void => {
    again = true;
    if (stopped || claiming !== null) return;
    clearTimeout(timer);
    claiming = claimAll()
      .then(pauseMs)
      .catch((error) => {
        onError(error);
        return pollMs;
      })
      .then((ms) => {
        claiming = null;
        if (stopped) return;
        timer = setTimeout(poke, ms);
        // Poked after the last claim and before this line.
        if (again) poke();
      });
  };

  /** An item that is done pokes. While some are under way, the time of the next is not worth a question. */
  const pauseMs = async (): Promise<number> => {
    const rest = restMs();
    if (rest > 0) return rest;
    if (!nextDueMs || underWay.size > 0 || again || stopped) return pollMs;
    const due = (await nextDueMs()) ?? safetyMs;
    return Math.min(Math.max(due, pollMs), safetyMs);
  };

  poke();
  return {
    poke,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await claiming;
      await Promise.all(underWay);
    },
  };
}
