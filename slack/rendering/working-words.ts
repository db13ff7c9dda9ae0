/** What the thread is told of work under way, in its live line and by `status`. */
import type { PlanItem } from '../../contracts/plan.ts';
import type { WorkingBody } from '../../store/outbox.ts';
import { elapsed } from './elapsed.ts';

/** A step that has just begun has no age worth reading, and Slack would show it until the line is written again. */
const AGE_FROM_MS = 10_000;
/** A checklist that reads well in every theme. */
const MARKS = { open: '☐', now: '▸', done: '☑' } as const;

/** `Working · step 4 · running the tests for 3 min 20 s · 12 min in all` */
export function workingText({ step, what, since, begun }: WorkingBody, now: Date): string {
  const took = begun === undefined ? 0 : now.getTime() - Date.parse(begun);
  const done = took < AGE_FROM_MS ? what : `${what} for ${elapsed(took)}`;
  return `Working · step ${step} · ${done} · ${elapsed(now.getTime() - Date.parse(since))} in all`;
}

/** The plan as a checklist, a line for each of its steps. Empty: there is none. */
export function planText(plan: readonly PlanItem[]): string {
  return plan.map(({ step, state }) => `${MARKS[state]} ${step}`).join('\n');
}
