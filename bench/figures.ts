/** One measured quantity: what was seen, and how often. */
export interface Figure {
  readonly what: string;
  readonly unit: 'ms' | 'µs' | 'req/s' | '×' | 's' | 'a second' | 'MB' | '%' | 'people' | 'messages';
  readonly samples: readonly number[];
  /** The value the bar is held against; the median unless `read` says otherwise. */
  readonly read?: 'median' | 'p95' | 'max';
  /** What the read value should not pass; absent where a figure only stands beside another. */
  readonly bar?: number;
  /** The read value should reach the bar instead of staying below it. */
  readonly atLeast?: true;
}

export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly p95: number;
}

export function summarise(samples: readonly number[]): Summary {
  if (samples.length === 0) throw new Error('nothing was measured');
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    n: sorted.length,
    median: quantile(sorted, 0.5),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
    p95: quantile(sorted, 0.95),
  };
}

/** Linear between neighbours (type 7 of Hyndman and Fan), so that few samples give no jumps. */
function quantile(sorted: readonly number[], at: number): number {
  const place = (sorted.length - 1) * at;
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

/** Pairs of the same round, so that what slowed both machines' peers down at one moment cancels out. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.flatMap((value, round) => {
    const other = theirs[round];
    return other === undefined ? [] : [value / other];
  });
}

/** The value that a bar is held against. */
export function readingOf(figure: Figure): number {
  const summary = summarise(figure.samples);
  return summary[figure.read ?? 'median'];
}

export function holdsBar(figure: Figure): boolean | null {
  if (figure.bar === undefined) return null;
  return figure.atLeast ? readingOf(figure) >= figure.bar : readingOf(figure) <= figure.bar;
}
