import { CancellationScope, condition, defineSignal, setHandler } from '@temporalio/workflow';
import { type MessageSignal, SIGNALS, type StopSignal } from '../contracts/signals.ts';

export const messageSignal = defineSignal<[MessageSignal]>(SIGNALS.message);
export const stopSignal = defineSignal<[StopSignal]>(SIGNALS.stop);

/** What the session has been told. Handlers only note it; the session's one loop acts on it. */
export interface SessionSignals {
  /** Everything that came in so far is about to be looked at. Returns the last stop, which may be an old one. */
  look(): StopSignal | null;
  /** True when a message came in since the last look: the session must not end. */
  pending(): boolean;
  /** Resolves true as soon as a message is pending, false when none came for `ms`. */
  arrived(ms: number): Promise<boolean>;
  /** Runs one turn's work; a stop given since the last look cancels it. */
  stoppable<T>(work: () => Promise<T>): Promise<T>;
  /** The last stop. */
  stop(): StopSignal | null;
  /** The stop given since the last look; null when what was cancelled was the workflow itself. */
  newStop(): StopSignal | null;
}

/** `stopBefore` is the last stop the run before this one was given. */
export function listenToSignals(stopBefore: StopSignal | null): SessionSignals {
  let unseen = 0;
  let lastStop = stopBefore;
  let stopAtLook = stopBefore;
  let running: CancellationScope | null = null;

  setHandler(messageSignal, () => {
    unseen += 1;
  });
  setHandler(stopSignal, (stop) => {
    // Given again, or overtaken by a later one: what runs by now may be newer than it.
    if (lastStop !== null && BigInt(stop.inboxId) <= BigInt(lastStop.inboxId)) return;
    lastStop = stop;
    running?.cancel();
  });

  return {
    look() {
      unseen = 0;
      stopAtLook = lastStop;
      return lastStop;
    },
    pending: () => unseen > 0,
    arrived: (ms) => condition(() => unseen > 0, ms),
    async stoppable(work) {
      const scope = new CancellationScope();
      running = scope;
      // A stop that came while the turn was being begun is meant for it.
      if (lastStop !== stopAtLook) scope.cancel();
      try {
        return await scope.run(work);
      } finally {
        running = null;
      }
    },
    stop: () => lastStop,
    newStop: () => (lastStop === stopAtLook ? null : lastStop),
  };
}
