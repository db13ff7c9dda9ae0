import { type Fault, isLong } from './faults.ts';

/** How long it took from the end of a fault until the question that was asked as it began had its answer. */
export interface Recovery {
  readonly target: Fault['target'];
  readonly kind: Fault['kind'];
  readonly long: boolean;
  /** Nothing else was struck from the beginning of the fault until the answer. */
  readonly alone: boolean;
  /** Zero when the answer came before the end. */
  readonly ms: number;
}

/** Of some recoveries. Both times are null where there are none. */
export interface Times {
  readonly n: number;
  readonly medianMs: number | null;
  readonly maxMs: number | null;
}

export interface RecoveryRow {
  readonly struck: string;
  /** Where nothing else was struck until the answer. */
  readonly alone: Times;
  /** Whatever else struck meanwhile. */
  readonly all: Times;
}

const PAST: Readonly<Record<Fault['kind'], string>> = {
  killed: 'killed',
  terminated: 'terminated',
  frozen: 'frozen for 0.2 to 10 s',
};

/** One row for each process and kind. */
export function recoveryRows(recoveries: readonly Recovery[]): RecoveryRow[] {
  const rows = [...Map.groupBy(recoveries, nameOf)].map(([struck, samples]) => ({
    struck,
    alone: timesOf(samples.filter(({ alone }) => alone)),
    all: timesOf(samples),
  }));
  return rows.sort((a, b) => a.struck.localeCompare(b.struck));
}

function nameOf({ target, kind, long }: Recovery): string {
  if (target === 'everything') return 'everything, power cut';
  return `${target}, ${long ? 'frozen for 60 to 150 s' : PAST[kind]}`;
}

function timesOf(samples: readonly Recovery[]): Times {
  const sorted = samples.map(({ ms }) => ms).sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [below, above] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  const medianMs = below === undefined || above === undefined ? null : (below + above) / 2;
  return { n: sorted.length, medianMs, maxMs: sorted.at(-1) ?? null };
}

export function recoveryOf(fault: Fault, ms: number, alone: boolean): Recovery {
  return { target: fault.target, kind: fault.kind, long: isLong(fault), alone, ms: Math.max(0, ms) };
}
