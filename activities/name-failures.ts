import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { StepError } from '../agent/errors.ts';
import { isStoreError } from '../store/errors.ts';
import { isUnreachable } from '../store/unreachable.ts';
import { failure, messageOf } from './failure.ts';

type Activity = (input: never) => Promise<unknown>;

export interface FailureNaming {
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** An unclassified error of this attempt or a later one is final. @default never */
  readonly giveUpAtAttempt?: number;
}

/**
 * Activities whose failures are of the closed union where their kind is known.
 *
 * - The database cannot be reached: `DatabaseUnavailable`. It is waited for without a limit, because without it nothing can
 *   be told to anybody. The pause follows from how long the database has been away, not from the attempt's number, so
 *   that a short fault after many other failures is followed by a short pause.
 * - The turn has ended meanwhile: `SessionEnded`, and the row of a turn or session is not there: `TurnMissing`. Neither is
 *   tried again.
 * - Anything else is a mistake of ours. `giveUpAtAttempt` ends it where Temporal would try for ever.
 */
export function nameFailures<Activities extends object>(activities: Activities, naming: FailureNaming): Activities {
  const outage = createOutage(naming);
  const wrap =
    (run: Activity): Activity =>
    async (input) => {
      try {
        const result = await run(input);
        outage.over();
        return result;
      } catch (error) {
        throw named(error, outage, naming);
      }
    };
  const wrapped = Object.entries(activities as Record<string, Activity>).map(([name, run]) => [name, wrap(run)]);
  return Object.fromEntries(wrapped);
}

function named(error: unknown, outage: Outage, { giveUpAtAttempt = Number.POSITIVE_INFINITY }: FailureNaming): unknown {
  if (isUnreachable(error)) {
    const { message, code } = error as NodeJS.ErrnoException;
    return failure('DatabaseUnavailable', message || `${code}`, { cause: error, retryAfterMs: outage.pauseMs() });
  }
  if (isStoreError(error, 'TurnOver')) return failure('SessionEnded', error.message);
  if (isStoreError(error, 'RowMissing')) return failure('TurnMissing', error.message);
  if (error instanceof ApplicationFailure) return error;
  const final = error instanceof StepError || Context.current().info.attempt >= giveUpAtAttempt;
  return final ? failure('Internal', messageOf(error), { cause: error }) : error;
}

interface Outage {
  /** The database answered. */
  over(): void;
  /** The database did not answer: how long to wait before it is asked again. */
  pauseMs(): number;
}

const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;
/** The pause is this part of the time for which the database has been away. */
const PART_OF_OUTAGE = 0.25;
/** Failures that lie further apart than this belong to two outages. */
const APART_MS = 60_000;

/** What this process has seen of the database's absence. */
function createOutage({ clock, random }: FailureNaming): Outage {
  let began: number | null = null;
  let last = 0;
  return {
    over() {
      began = null;
    },
    pauseMs() {
      const now = clock();
      if (began === null || now - last > APART_MS) began = now;
      last = now;
      const pause = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, (now - began) * PART_OF_OUTAGE));
      // Spread, so that thousands of turns do not all come back in the same moment.
      return Math.round(pause * (0.75 + random() / 2));
    },
  };
}
