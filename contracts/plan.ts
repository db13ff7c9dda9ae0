/** One step of the plan that the agent shows while it works. */
export interface PlanItem {
  readonly step: string;
  readonly state: (typeof PLAN_STATES)[number];
}

export const PLAN_STATES = ['open', 'now', 'done'] as const;
