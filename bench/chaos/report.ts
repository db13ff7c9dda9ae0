import type { Machine } from '../report.ts';
import { recoveryRows, type Times } from './recovery.ts';
import type { ChaosResult } from './run-chaos.ts';

export interface ChaosReport {
  readonly seed: number;
  readonly faults: number;
  readonly only: readonly string[];
  readonly at: Date;
  readonly machine: Machine;
  readonly result: ChaosResult;
}

const VERDICTS = ['lost', 'doubled', 'left behind', 'wrong'] as const;

/** Markdown, as docs/reliability.md has it. */
export function chaosTable({ seed, faults, only, at, machine, result }: ChaosReport): string {
  const { findings, said, struck, answerMs, toldOtherwise, tookMs } = result;
  const count = (verdict: string) => findings.filter((finding) => finding.verdict === verdict).length;
  const sorted = [...answerMs].sort((a, b) => a - b);
  const told = Object.values(toldOtherwise).reduce((sum, each) => sum + each, 0);
  return [
    `Seed ${seed}, ${faults} faults${only.length > 0 ? ` of ${only.join(' and ')}` : ''}; ${struck} of them struck. People said ${said} messages.` +
      ` ${minutes(tookMs)} minutes on ${at.toISOString().slice(0, 10)}, ${machine.cpus} cores, load ${machine.loadBefore} before.`,
    '',
    '| | |',
    '| --- | --- |',
    ...VERDICTS.map((verdict) => `| ${verdict} | ${count(verdict)} |`),
    `| the model was told of another outcome than success | ${told} commands |`,
    `| message until answer, whatever struck meanwhile | median ${seconds(at50(sorted))}, at most ${seconds(sorted.at(-1) ?? 0)} |`,
    '',
    '| struck | alone: median | max | n | in all: median | max | n |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...recoveryRows(result.recoveries).map(
      ({ struck: what, alone, all }) => `| ${what} | ${cells(alone)} | ${cells(all)} |`,
    ),
  ].join('\n');
}

/** The same for programs, with every sample. */
export function chaosJson({ at, result, ...rest }: ChaosReport): string {
  return `${JSON.stringify({ at: at.toISOString(), ...rest, ...result, rows: recoveryRows(result.recoveries) }, undefined, 2)}\n`;
}

function at50(sorted: readonly number[]): number {
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

function cells({ medianMs, maxMs, n }: Times): string {
  if (medianMs === null || maxMs === null) return '| | 0';
  return `${seconds(medianMs)} | ${seconds(maxMs)} | ${n}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function minutes(ms: number): string {
  return (ms / 60_000).toFixed(1);
}

const BEGIN = '<!-- chaos: begin -->';
const END = '<!-- chaos: end -->';

/** The text of docs/reliability.md with another table. Throws when it has no place for one. */
export function withTable(text: string, table: string): string {
  const [before, rest] = text.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined) throw new Error(`there is no ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}
