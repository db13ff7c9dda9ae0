import type { SetupState } from '../../../../contracts/setup-state.ts';

export type Progress = 'going-on' | 'failed' | 'finished';

/** When one step has failed, the set-up has failed, even while other steps still run. */
export function progressOf(setup: SetupState | null): Progress {
  if (!setup || setup.steps.length === 0) return 'going-on';
  if (setup.steps.some((step) => step.state === 'failed')) return 'failed';
  return setup.steps.every((step) => step.state === 'done') ? 'finished' : 'going-on';
}

/** `Ready`, `Setting up, 3 of 9`, `Set-up failed`. */
export function progressInWords(setup: SetupState | null): string {
  const progress = progressOf(setup);
  if (progress === 'finished') return 'Ready';
  if (progress === 'failed') return 'Set-up failed';
  if (!setup) return 'Setting up';
  const done = setup.steps.filter((step) => step.state === 'done').length;
  return `Setting up, ${done} of ${setup.steps.length}`;
}
