import { createRandom, type Random } from './random.ts';

/** What can be struck. `everything` is a power cut: every process and every container of the installation at once. */
export const TARGETS = [
  'gateway',
  'agent',
  'runner',
  'proxy',
  'temporal',
  'postgres',
  'model',
  'up',
  'everything',
] as const;
export type Target = (typeof TARGETS)[number];

/** SIGKILL, SIGTERM, and SIGSTOP with SIGCONT later. */
export type FaultKind = 'killed' | 'terminated' | 'frozen';

export interface Fault {
  readonly target: Target;
  readonly kind: FaultKind;
  /** From the beginning of its strike. */
  readonly afterMs: number;
  /** How long it is frozen; for `up` and `everything`, how long until `up` is started again. Zero for what `up` starts again. */
  readonly forMs: number;
}

/** A freeze that outlasts every timeout of a connection. */
const LONG_MS = 60_000;
const LONGEST_MS = 150_000;
/** Part of the freezes that are long, and that last some seconds; the others are over before a second or two. */
const LONG_PART = 0.012;
const MIDDLE_PART = 0.1;

type Card = Pick<Fault, 'target' | 'kind'>;

/** How often each fault is in one deck: what `up` starts again is struck often, what ends everything rarely. */
function deckOf(targets: readonly Target[]): Card[] {
  return targets.flatMap((target): Card[] => {
    const times = (kind: FaultKind, often: number) => Array.from({ length: often }, () => ({ target, kind }));
    if (target === 'everything') return times('killed', 1);
    if (target === 'up') return [...times('killed', 1), ...times('terminated', 1), ...times('frozen', 1)];
    return [...times('killed', 4), ...times('terminated', 2), ...times('frozen', 4)];
  });
}

/** Deals fault after fault from a shuffled deck, so that a short run also strikes evenly. */
export function createFaultDealer(seed: number, targets: readonly Target[]): () => Omit<Fault, 'afterMs'> {
  const random = createRandom(seed);
  let deck: Card[] = [];
  return () => {
    if (deck.length === 0) deck = random.shuffled(deckOf(targets));
    const card = deck.pop();
    if (!card) throw new RangeError('there is nothing to strike');
    return { ...card, forMs: durationOf(card, random) };
  };
}

function durationOf({ target, kind }: Card, random: Random): number {
  if (kind === 'frozen') return frozenFor(random);
  return target === 'up' || target === 'everything' ? random.between(200, 2_000) : 0;
}

function frozenFor(random: Random): number {
  const at = random.fraction();
  if (at < LONG_PART) return random.between(LONG_MS, LONGEST_MS);
  if (at < LONG_PART + MIDDLE_PART) return random.between(3_000, 10_000);
  return random.between(200, 2_500);
}

/** Whether `up` is gone after the fault and must be started again. */
export function endsUp({ target, kind }: Pick<Fault, 'target' | 'kind'>): boolean {
  return target === 'everything' || (target === 'up' && kind !== 'frozen');
}

export function isLong({ kind, forMs }: Pick<Fault, 'kind' | 'forMs'>): boolean {
  return kind === 'frozen' && forMs >= LONG_MS;
}
