import {
  CancellationScope,
  condition,
  defineSignal,
  log,
  setDefaultSignalHandler,
  setHandler,
} from '@temporalio/workflow';
import { type MessageSignal, readStop, SIGNALS, type StopSignal } from '../contracts/signals.ts';

export const messageSignal = defineSignal<[MessageSignal]>(SIGNALS.message);
export const stopSignal = defineSignal<[StopSignal]>(SIGNALS.stop);
export const placeSignal = defineSignal(SIGNALS.place);
export const answeredSignal = defineSignal(SIGNALS.answered);

/** What the session has been told. Handlers only note it; the session's one loop acts on it. */
export interface SessionSignals {
  /**
   * Marks everything that came in so far as seen, because PostgreSQL is asked for it next. Returns the last stop, which may
   * be an old one.
   */
  markSeen(): StopSignal | null;
  /** Whether a message came in since `markSeen`. Then the session must not end. */
  pending(): boolean;
  /** Resolves true as soon as a message is pending, false when none came for `ms`. */
  arrived(ms: number): Promise<boolean>;
  /** Runs one turn's work. A stop that came since `markSeen` cancels it. */
  stoppable<T>(work: () => Promise<T>): Promise<T>;
  /** How many signals said that a place was granted. More than before means that it is time to ask for it. */
  placeSignals(): number;
  /** How many signals said that a question was answered. More than before means that it is time to look. */
  answerSignals(): number;
  lastStop(): StopSignal | null;
  /** The stop that came since `markSeen`. Null when none did: then what was cancelled was the workflow itself. */
  unseenStop(): StopSignal | null;
}

/**
 * Takes in the session's signals. What arrives is not trusted to have the right shape: an error in a handler would fail
 * the workflow task, and Temporal would repeat that task for ever. A signal that is not valid is therefore ignored, and
 * `onIgnored` is told.
 *
 * @param stopBefore the last stop the run before this one was given
 * @param onIgnored told how many signals were ignored so far
 */
export function listenToSignals(stopBefore: StopSignal | null, onIgnored: (ignored: number) => void): SessionSignals {
  let unseen = 0;
  let places = 0;
  let answers = 0;
  let lastStop = stopBefore;
  let seenStop = stopBefore;
  let running: CancellationScope | null = null;
  let ignored = 0;

  const ignore = (signal: string): void => {
    ignored += 1;
    log.warn('a signal is not valid and was ignored', { signal: signal.slice(0, 100) });
    onIgnored(ignored);
  };

  // What the signal carries is not read: the messages themselves are in PostgreSQL.
  setHandler(messageSignal, () => {
    unseen += 1;
  });
  // Nothing is read here either: the turn asks PostgreSQL for its place, so a forged or late signal costs one question.
  setHandler(placeSignal, () => {
    places += 1;
  });
  // Nor here: the answer is in PostgreSQL, under the question that the tool asks again.
  setHandler(answeredSignal, () => {
    answers += 1;
  });
  setHandler(stopSignal, (given: unknown) => {
    const stop = readStop(given);
    if (stop === null) return ignore(SIGNALS.stop);
    // The same stop once more, or an older one that comes late: the turn that runs now may have begun after it.
    if (lastStop !== null && BigInt(stop.inboxId) <= BigInt(lastStop.inboxId)) return;
    lastStop = stop;
    running?.cancel();
  });
  setDefaultSignalHandler((name) => ignore(name));

  return {
    markSeen() {
      unseen = 0;
      seenStop = lastStop;
      return lastStop;
    },
    pending: () => unseen > 0,
    arrived: (ms) => condition(() => unseen > 0, ms),
    async stoppable(work) {
      const scope = new CancellationScope();
      running = scope;
      // A stop that came while the turn was being begun is meant for it.
      if (lastStop !== seenStop) scope.cancel();
      try {
        return await scope.run(work);
      } finally {
        running = null;
      }
    },
    placeSignals: () => places,
    answerSignals: () => answers,
    lastStop: () => lastStop,
    unseenStop: () => (lastStop === seenStop ? null : lastStop),
  };
}
