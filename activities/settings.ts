import type { RestTimes, TurnLimits } from '../contracts/activities.ts';

/** What an operator may set about turns and sandboxes, with the defaults every process shares. */
export interface SessionSettings {
  readonly limits: TurnLimits;
  readonly rest: RestTimes;
  /** For how long one model call may be tried again while the model's service fails, in milliseconds. */
  readonly modelWindowMs: number;
  /** Whether answers grow in Slack's own way in one-to-one direct messages. */
  readonly streaming: boolean;
}

export const DEFAULT_SESSION_SETTINGS: SessionSettings = {
  limits: { steps: 100, minutes: 60, tokens: 2_000_000 },
  rest: { pauseAfterMs: 120_000, removeAfterMs: 1_800_000 },
  modelWindowMs: 600_000,
  streaming: true,
};
