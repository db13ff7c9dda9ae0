import pc from 'picocolors';
import type { SetupStep } from '../../contracts/setup-state.ts';

const TITLE_WIDTH = 16;

/** One line for a step that has ended, on a terminal. */
export function stepLine(step: SetupStep): string {
  const mark = step.state === 'failed' ? pc.red('failed') : pc.green('ready ');
  return `  ${step.title.padEnd(TITLE_WIDTH)} ${mark} ${pc.dim(seconds(step.ms ?? 0).padStart(7))}  ${step.detail ?? ''}`;
}

/** A line with an address to click, such as the one that a newcomer reads last. */
export function addressLine(title: string, url: string): string {
  return `  ${title.padEnd(TITLE_WIDTH)} ${pc.bold(pc.underline(url))}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
