import type { SetupState } from '../../../../contracts/setup-state.ts';

export function isFinished({ steps }: SetupState): boolean {
  return steps.length > 0 && steps.every((step) => step.state === 'done');
}

/** `Ready`, `Setting up, 3 of 9`, `Set-up failed`. */
export function progressInWords(setup: SetupState | null): string {
  if (!setup) return 'Setting up';
  if (setup.steps.some((step) => step.state === 'failed')) return 'Set-up failed';
  if (isFinished(setup)) return 'Ready';
  const done = setup.steps.filter((step) => step.state === 'done').length;
  return `Setting up, ${done} of ${setup.steps.length}`;
}
