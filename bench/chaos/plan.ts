import { createFaultDealer, endsUp, type Fault, isLong, TARGETS, type Target } from './faults.ts';
import { createRandom, type Random } from './random.ts';
import { createSpeech, type Saying, type Speech } from './sayings.ts';

/** Some faults at about the same time, and what is said around them. */
export interface Strike {
  /** From 1. */
  readonly number: number;
  readonly faults: readonly Fault[];
  readonly sayings: readonly Saying[];
  /** Said once every fault has begun; the time to its answer is the time to recover. */
  readonly question: Saying;
  /** Nothing else strikes until the question has been answered. */
  readonly calm: boolean;
  /** Until the next strike. */
  readonly pauseMs: number;
}

export interface Plan {
  /** Said and answered before anything is struck. */
  readonly prologue: readonly Saying[];
  readonly strikes: readonly Strike[];
}

export interface PlanOptions {
  readonly seed: number;
  /** How many faults. */
  readonly faults: number;
  /** Empty: all. */
  readonly only: readonly Target[];
}

/** What `npm test` plays: few faults, but on every process, of every kind, and none that takes a minute. */
export const SHORT_FORM: PlanOptions = { seed: 107_904, faults: 12, only: [] };

/** Within that time the faults of a strike begin, and what is said around them. */
const STRIKE_MS = 2_000;
/** From when every fault has begun. */
const ASKED_AFTER_MS = 50;

/**
 * Everything that will be said and struck, in order. The seed alone decides it: nothing here looks at a clock or at what
 * happens. Who replays a seed gets the same sequence; only the machine's own pace differs.
 */
export function planOf({ seed, faults, only }: PlanOptions): Plan {
  const random = createRandom(seed);
  const speech = createSpeech(random);
  const prologue = speech.prologue();
  const deal = createFaultDealer(random.between(0, 0xffff_ffff), only.length > 0 ? only : TARGETS);
  const dealt = Array.from({ length: faults }, () => ({ ...deal(), afterMs: random.between(0, STRIKE_MS) }));
  const strikes: Strike[] = [];
  for (let begin = 0; begin < dealt.length; ) {
    const struck = together(dealt.slice(begin, begin + random.pick([1, 1, 2, 2, 3, 3])));
    begin += struck.length;
    strikes.push(strikeOf(strikes.length + 1, struck, speech, random));
  }
  return { prologue, strikes };
}

/** What ends `up` strikes alone: there is nothing beside it that could be struck. */
function together(faults: readonly Fault[]): readonly Fault[] {
  const end = faults.findIndex(endsUp);
  return end === -1 ? faults : faults.slice(0, Math.max(end, 1));
}

function strikeOf(number: number, faults: readonly Fault[], speech: Speech, random: Random): Strike {
  const question = speech.question(ASKED_AFTER_MS);
  const story = random.chance(0.6) ? speech.story(random.between(0, STRIKE_MS)) : [];
  const long = faults.filter(isLong);
  // What is said in the middle of a long freeze is what a gap swallows.
  const meanwhile = long.flatMap(({ afterMs, forMs }) =>
    [0.15, 0.4, 0.7].map((part) => speech.question(afterMs + Math.round(forMs * part))),
  );
  return {
    number,
    faults,
    question,
    sayings: [...story, ...meanwhile],
    calm: long.length > 0 || faults.some(endsUp) || random.chance(0.4),
    pauseMs: random.between(200, 1_800),
  };
}
