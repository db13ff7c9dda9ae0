import os from 'node:os';
import { columns } from '../access/columns.ts';
import { type Figure, holdsBar, readingOf, summarise } from './figures.ts';

export interface Measured {
  readonly bench: string;
  readonly figures: readonly Figure[];
}

export interface Machine {
  readonly cpus: number;
  readonly memoryGb: number;
  readonly platform: string;
  readonly node: string;
  /** Of the last minute, before the first measurement: what else was going on. */
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  return {
    cpus: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 1024 ** 3),
    platform: `${os.type()} ${os.release().split('-')[0]} ${os.arch()}`,
    node: process.version,
    loadBefore: Number((os.loadavg()[0] ?? 0).toFixed(1)),
  };
}

/** One line for each figure. */
export function table(measured: readonly Measured[]): string {
  const head = ['', 'median', 'min–max', 'p95', 'n', 'bar', ''];
  const rows = measured.flatMap(({ bench, figures }) => [
    [bench, '', '', '', '', '', ''],
    ...figures.map((figure) => {
      const { n, median, min, max, p95 } = summarise(figure.samples);
      const bar =
        figure.bar === undefined
          ? ''
          : `${figure.read ?? 'median'} ${figure.atLeast ? '≥' : '≤'} ${shown(figure.bar, figure)}`;
      const many = n > 1;
      return [
        `  ${figure.what}`,
        `${shown(median, figure)} ${figure.unit}`,
        many ? `${shown(min, figure)}–${shown(max, figure)}` : '',
        many ? shown(p95, figure) : '',
        String(n),
        bar,
        verdict(figure),
      ];
    }),
  ]);
  return columns([head, ...rows]);
}

/** The same for programs, with every sample. */
export function asJson(machine: Machine, measured: readonly Measured[], at: Date): string {
  const figures = measured.flatMap(({ bench, figures: some }) =>
    some.map((figure) => ({
      bench,
      what: figure.what,
      unit: figure.unit,
      ...summarise(figure.samples),
      ...(figure.bar !== undefined && { bar: figure.bar, read: figure.read ?? 'median', reading: readingOf(figure) }),
      holds: holdsBar(figure),
      samples: figure.samples,
    })),
  );
  return `${JSON.stringify({ at: at.toISOString(), machine, figures }, undefined, 2)}\n`;
}

function verdict(figure: Figure): string {
  const holds = holdsBar(figure);
  if (holds === null) return '';
  return holds ? 'holds' : 'does not hold';
}

function shown(value: number, { unit }: Figure): string {
  if (unit === '×') return value.toFixed(2);
  return unit === 's' || unit === '%' ? value.toFixed(1) : value.toFixed(0);
}
