import { openChannel, type StarterChannel, type StarterOrder } from './starter.ts';
import type { StarterTarget } from './starter-exec.ts';
import type { StarterFrame } from './starter-frames.ts';

/** As many as reads of one model answer usually run side by side. */
const KEPT = 4;
/** How long the engine may take to start one ahead of its first order. */
const AHEAD_MS = 10_000;
/** A kept starter answers at once. One that does not was stopped, or stands in a sandbox that is paused. */
const ANSWER_WITHIN_MS = 2_000;

/**
 * Starters that wait for orders, by sandbox. A turn's commands and reads go to them, because the engine takes as long to
 * start a program in a container as a short command takes. They run as the agent's user, like the commands they start. So
 * all of them end with the turn, and one that the agent has ended or stopped is replaced.
 */
export interface StarterPool {
  /** Gives an order to a waiting starter, or to a new one. */
  order(target: StarterTarget, order: StarterOrder): AsyncGenerator<StarterFrame, void>;
  /** Starts one that waits for the first order. Never fails: the first order meets the same error and reports it. */
  prepare(target: StarterTarget): Promise<void>;
  /** Call it before the processes of a sandbox are ended or frozen. */
  forget(id: string): void;
}

/** One for each runner process. It keeps up to four starters for each sandbox. */
export function createStarterPool(): StarterPool {
  const shelves = new Map<string, Shelf>();

  return {
    async *order(target, order) {
      const shelf = shelfOf(target.id);
      const kept = shelf.waiting.pop();
      if (kept) {
        const answered = yield* tryKept(kept, shelf, order);
        if (answered) return;
      }
      const fresh = await openChannel(target, order);
      yield* obey(fresh, shelf, fresh.order(order));
    },
    async prepare(target) {
      const shelf = shelfOf(target.id);
      if (shelf.waiting.length > 0) return;
      await openChannel(target, { timeoutMs: AHEAD_MS }).then(
        (channel) => keep(channel, shelf),
        () => undefined,
      );
    },
    forget(id) {
      const shelf = shelves.get(id);
      if (!shelf) return;
      shelf.closed = true;
      for (const channel of shelf.waiting) channel.close();
      shelves.delete(id);
    },
  };

  function shelfOf(id: string): Shelf {
    const shelf = shelves.get(id) ?? { waiting: [], closed: false };
    shelves.set(id, shelf);
    return shelf;
  }

  /**
   * False when the starter said nothing. Then the order may be given to another one: either nothing was begun, or the command
   * was begun under its step id and is found again (`steps.ts`).
   */
  async function* tryKept(
    channel: StarterChannel,
    shelf: Shelf,
    order: StarterOrder,
  ): AsyncGenerator<StarterFrame, boolean> {
    const frames = channel.order(order);
    const silent = setTimeout(() => channel.close(), ANSWER_WITHIN_MS);
    let first: IteratorResult<StarterFrame, void>;
    try {
      first = await frames.next();
    } catch (error) {
      if (order.signal?.aborted) throw error;
      return false;
    } finally {
      clearTimeout(silent);
    }
    yield* obey(channel, shelf, frames, first);
    return true;
  }

  /** Passes on what a starter says. Afterwards the starter waits again, unless it was broken off. */
  async function* obey(
    channel: StarterChannel,
    shelf: Shelf,
    frames: AsyncGenerator<StarterFrame, void>,
    first?: IteratorResult<StarterFrame, void>,
  ): AsyncGenerator<StarterFrame, void> {
    try {
      for (let next = first ?? (await frames.next()); !next.done; next = await frames.next()) yield next.value;
    } finally {
      await frames.return();
      void channel.isReady().then((ready) => ready && keep(channel, shelf));
    }
  }

  function keep(channel: StarterChannel, shelf: Shelf): void {
    if (shelf.closed || shelf.waiting.length >= KEPT) channel.close();
    else shelf.waiting.push(channel);
  }
}

/** The waiting starters of one sandbox. Once it is closed, a starter that is still at work does not come back to wait. */
interface Shelf {
  readonly waiting: StarterChannel[];
  closed: boolean;
}
