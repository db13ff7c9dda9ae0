import pc from 'picocolors';
import type { Finding, FindingState } from '../setup/doctor/finding.ts';

const MARKS: Readonly<Record<FindingState, string>> = {
  ok: pc.green('ok     '),
  warn: pc.yellow('warning'),
  later: pc.dim('later  '),
  missing: pc.red('missing'),
};

/** The output of `bellhop doctor`. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ title }) => title.length));
  const lines = findings.flatMap(({ title, state, detail, fix }) => {
    const line = `${MARKS[state]}  ${title.padEnd(width)}  ${detail}`;
    return fix === undefined ? [line] : [line, `${' '.repeat(width + 11)}${pc.dim('fix:')} ${fix}`];
  });
  const missing = findings.filter(({ state }) => state === 'missing').length;
  const sum = missing === 0 ? 'Nothing is missing.' : `${missing} missing.`;
  return [...lines, '', sum].join('\n');
}
