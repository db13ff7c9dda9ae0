/** A step of a checklist, as the tool `plan` takes it. */
export interface PlanStep {
  readonly step: string;
  readonly state: 'open' | 'now' | 'done';
}

/**
 * Reads what stands behind `plan`: `get it; count it; say it` is a new checklist, whose first step is under way. `2` says that the second step of
 * `before` is under way, and `done` that all are done. Null for anything else. One step alone is no checklist: people write sentences that begin so.
 *
 * @param before the checklist of the script so far, if there is one
 */
export function planOf(words: string, before: readonly PlanStep[]): readonly PlanStep[] | null {
  const names = before.map(({ step }) => step);
  if (words === 'done') return names.length > 0 ? underWay(names, names.length) : null;
  if (/^\d+$/.test(words)) {
    const nth = Number(words);
    return nth >= 1 && nth <= names.length ? underWay(names, nth - 1) : null;
  }
  const steps = words
    .split(';')
    .map((step) => step.trim())
    .filter((step) => step !== '');
  return steps.length > 1 ? underWay(steps, 0) : null;
}

function underWay(steps: readonly string[], now: number): PlanStep[] {
  return steps.map((step, at) => ({ step, state: at < now ? 'done' : at === now ? 'now' : 'open' }));
}
