/**
 * Every way a session's work can fail, in one closed union, and one table saying what follows from each.
 * The type strings are stable: they are stored in workflow histories and matched by operators' alerts.
 */
export type FailureType =
  | 'AccessDisabled'
  | 'ModelRefusedRequest'
  | 'ModelUnauthorized'
  | 'ModelRateLimited'
  | 'ModelUnavailable'
  | 'RunnerUnavailable'
  | 'RunnersFull'
  | 'SandboxImageMissing'
  | 'EnvironmentFailed'
  | 'SandboxLost'
  | 'SandboxUnreachable'
  | 'ProvisionFailed'
  | 'EgressLeaseLost'
  | 'SlackUnavailable'
  | 'ToolOutcomeUnknown'
  | 'DatabaseUnavailable'
  | 'ScheduleNotPosted'
  | 'ScheduleRefused'
  | 'ScheduledTurnFailed'
  | 'SessionEnded'
  | 'TurnMissing'
  | 'InvalidInput'
  | 'Internal';

export interface FailureRule {
  /** Whether Temporal tries again. */
  readonly retry: boolean;
  /** What the thread is told when no try is left. Plain words, no internals. */
  readonly thread: string;
  /** Behind it stands how people go on in this thread (activities/go-on.ts). Absent: that would not help, or it says so itself. */
  readonly canGoOn?: true;
  /** What an operator should look at. */
  readonly operator: string;
}

export const FAILURES: Readonly<Record<FailureType, FailureRule>> = {
  AccessDisabled: {
    retry: false,
    thread: 'I am switched off here. An administrator can change that in bellhop.yaml.',
    operator:
      'The channel or the organization has `enabled: false` in the applied access file, or `direct-messages` or `group-messages` is off.',
  },
  ModelRefusedRequest: {
    retry: false,
    thread: 'The model did not accept this request, so I stopped here.',
    operator: 'The model API answered 400, 404, 413 or 422; its message is in the activity failure.',
  },
  ModelUnauthorized: {
    retry: false,
    thread: "I can't reach my language model: its key was refused. An administrator has to look at this.",
    operator:
      'The model API answered 401, 402 or 403, or the account has no money left. Check ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL, or the key of the model in the access file; the activity failure names the model and says what to do, also when its key cannot be opened.',
  },
  ModelRateLimited: {
    retry: true,
    thread: 'My language model is over its rate limit and did not recover in time. Please ask again in a while.',
    operator:
      'The model API answered 429 until BELLHOP_MODEL_WINDOW_SECONDS were used up, or asked for a longer pause than was left.',
  },
  ModelUnavailable: {
    retry: true,
    thread: 'My language model did not answer for too long, so I stopped. Please ask again in a while.',
    operator: 'The model API answered 5xx or not at all until BELLHOP_MODEL_WINDOW_SECONDS were used up.',
  },
  RunnerUnavailable: {
    retry: true,
    thread: 'No machine that can run my sandbox is up right now. I will not start until an operator brings one back.',
    operator:
      'No runner has beaten within 60 s, or none is ready, or all drain. `bellhop status` says what each one lacks.',
  },
  RunnersFull: {
    retry: true,
    thread: 'I waited half an hour for a sandbox and none became free, so I stopped. Please ask again later.',
    operator: 'Every ready runner has a turn at work in each of its places. Add a runner or raise `BELLHOP_SANDBOXES`.',
  },
  SandboxImageMissing: {
    retry: true,
    thread: 'My sandbox image was not ready within a day, so I stopped. Please ask again when it is.',
    operator: 'The runner has no sandbox image. See the set-up steps on the page, or `bellhop doctor`.',
  },
  EnvironmentFailed: {
    retry: false,
    thread:
      'The environment of this place could not be built, so I stopped. An administrator can change it in bellhop.yaml.',
    operator:
      'The packages or the setup script of an environment failed. The thread was told the exit code and the last lines; `egress_event` with scope `environment:<name>` has what it fetched.',
  },
  SandboxLost: {
    retry: false,
    thread: 'My sandbox went away in the middle of the work. Finished files are kept.',
    canGoOn: true,
    operator: 'The container vanished or its engine restarted; the runner log names it.',
  },
  SandboxUnreachable: {
    retry: true,
    thread: 'I could not work in my sandbox for several minutes, so I stopped. Finished files are kept.',
    canGoOn: true,
    operator:
      'The Docker Engine failed for three minutes while a tool was to run; its message is in the activity failure.',
  },
  ProvisionFailed: {
    retry: true,
    thread: 'I could not start a sandbox for this thread. An operator can see why in Temporal UI.',
    operator: 'The engine refused to create or start the container; its message is in the activity failure.',
  },
  EgressLeaseLost: {
    retry: true,
    thread: 'The way out of my sandbox was closed while I worked, so I stopped.',
    operator: 'The proxy was down or could not be reached for five minutes. Look at the proxy log.',
  },
  SlackUnavailable: {
    retry: true,
    thread: 'Slack did not let me read for too long, so I stopped. Please ask again in a while.',
    operator:
      "Slack's rate limits or errors kept a tool that reads Slack waiting; its message is in the activity failure. After five minutes the model is told, and the turn goes on.",
  },
  ToolOutcomeUnknown: {
    retry: false,
    thread: 'A command may or may not have finished when its machine went away.',
    operator: 'A tool call had started and no result can be had. The model was told that the outcome is unknown.',
  },
  DatabaseUnavailable: {
    retry: true,
    thread: 'My database is away, so I stopped. Please ask me again later.',
    operator: 'PostgreSQL could not be reached. Nothing that Slack delivered is lost.',
  },
  ScheduleNotPosted: {
    retry: true,
    thread: 'A scheduled task could not be announced in its channel.',
    operator: 'The opening message of a scheduled task is not in Slack yet: see the outbox in `bellhop status`.',
  },
  ScheduleRefused: {
    retry: false,
    thread: 'A scheduled task was not done here.',
    operator:
      'Slack refused the opening message for good (is the app in the channel, is it archived?), the agent may not work in that channel, or the schedule was taken out of the access file meanwhile; the failure says which.',
  },
  ScheduledTurnFailed: {
    retry: false,
    thread: 'The scheduled task did not succeed.',
    operator: 'The turn that a schedule began failed; its session is the workflow of the same thread.',
  },
  SessionEnded: {
    retry: false,
    thread: 'My work here was ended from outside before it was finished.',
    canGoOn: true,
    operator: "The session's workflow was terminated, or failed, while a turn was under way; its history says which.",
  },
  TurnMissing: {
    retry: false,
    thread: 'My record of the work I was doing here is gone, so I stopped.',
    canGoOn: true,
    operator:
      'The turn or its session is not in PostgreSQL: was the database restored to an earlier time while sessions were open?',
  },
  InvalidInput: {
    retry: false,
    thread: 'Something went wrong inside me. An operator can see what in Temporal UI.',
    operator: 'A workflow was started with arguments that are not valid; the failure of the workflow says which.',
  },
  Internal: {
    retry: false,
    thread: 'Something went wrong inside me. An operator can see what in Temporal UI.',
    operator: 'An unclassified error; its stack is in the activity failure.',
  },
};

/** Types whose attempts Temporal must not repeat. */
export const NON_RETRYABLE: FailureType[] = (Object.keys(FAILURES) as FailureType[]).filter((t) => !FAILURES[t].retry);

/** Whether a stored or thrown type is one of the closed union; an older or newer version may have others. */
export function isFailureType(value: unknown): value is FailureType {
  return typeof value === 'string' && value in FAILURES;
}
