/**
 * How long each activity may take, how often it is tried, and why. Client libraries' own retries are off: Temporal's
 * are the only ones.
 *
 * Attempts are not counted here. A count would be used up by whatever fails, so that an outage of the database could end
 * a turn in the name of the model. Each cause has a budget of its own instead (activities/retry-budget.ts), and the
 * database is waited for as long as it takes (activities/name-failures.ts).
 *
 * @example
 * const begun = await sessionRecords.beginTurn({ session, fence, after, stoppedUpTo });
 */
import {
  ActivityCancellationType,
  type ActivityInterfaceFor,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type {
  AgentActivities,
  EgressActivities,
  RunnerActivities,
  ScheduleActivities,
  SlackActivities,
} from '../contracts/activities.ts';
import { NON_RETRYABLE } from '../contracts/failures.ts';
import { AGENT_QUEUE, egressQueue, runnerQueue, SLACK_QUEUE } from '../contracts/task-queues.ts';
import { localFirst } from './local-first.ts';

const retry = { initialInterval: '500ms', maximumInterval: '10s', nonRetryableErrorTypes: NON_RETRYABLE } as const;

type Records = Pick<AgentActivities, 'openRun' | 'beginTurn' | 'endTurn' | 'settleTools' | 'noteSession'>;
type Preparations = Pick<AgentActivities, 'resolveScopeAccess' | 'placeSandbox'>;
type ModelCalls = Pick<AgentActivities, 'callModel'>;

/**
 * One attempt inside the workflow task. It is long enough for a transaction on a busy database and longer than the pool
 * waits for a connection; the workflow task waits for it, and with it every signal.
 */
const localAttempts = proxyLocalActivities<Records & Preparations>({
  startToCloseTimeout: '8s',
  retry: { maximumAttempts: 1 },
});

/** Must happen in the end, however long the database is away. */
const unlimitedRecords = proxyActivities<Records>({ taskQueue: AGENT_QUEUE, startToCloseTimeout: '30s', retry });

/** Short transactions without which the turn cannot go on; after half an hour the thread is told. */
const waitingPreparations = proxyActivities<Preparations>({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '30m',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { ...retry, maximumInterval: '5s' },
});

/** Short transactions on the rows of a session and its turns. */
export const sessionRecords: Records = {
  openRun: localFirst(localAttempts.openRun, unlimitedRecords.openRun),
  beginTurn: localFirst(localAttempts.beginTurn, unlimitedRecords.beginTurn),
  endTurn: localFirst(localAttempts.endTurn, unlimitedRecords.endTurn),
  settleTools: localFirst(localAttempts.settleTools, unlimitedRecords.settleTools),
  noteSession: localFirst(localAttempts.noteSession, unlimitedRecords.noteSession),
};

/** What a turn asks for beside its work: access and a place for its sandbox. Waiting for the place is not the activity's (wait-for-place.ts). */
export const preparations: Preparations = {
  resolveScopeAccess: localFirst(localAttempts.resolveScopeAccess, waitingPreparations.resolveScopeAccess),
  placeSandbox: localFirst(localAttempts.placeSandbox, waitingPreparations.placeSandbox),
};

/**
 * A model call beats every second, so that a stop reaches it at once and a dead worker is noticed after ten. A stop
 * does not wait for its answer. How long a failing model is asked again is the activity's own budget.
 */
export const modelCalls: ActivityInterfaceFor<ModelCalls> = proxyActivities<ModelCalls>({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '15m',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});

/**
 * A tool that works in Slack. A gateway that is away is waited for as long as the turn may take, because without one nobody hears the answer
 * either. How long Slack's refusals are waited for is the activity's own budget.
 */
export const slackTools: ActivityInterfaceFor<SlackActivities> = proxyActivities<SlackActivities>({
  taskQueue: SLACK_QUEUE,
  startToCloseTimeout: '5m',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { ...retry, maximumInterval: '30s' },
});

/** Transactions of a scheduled task, repeated until they are done. Slack has the opening message then, or it is waited for up to a day. */
export const threadOpening: ActivityInterfaceFor<Pick<ScheduleActivities, 'openThread' | 'askInThread'>> =
  proxyActivities({ taskQueue: AGENT_QUEUE, startToCloseTimeout: '30s', scheduleToCloseTimeout: '24h', retry });

/** The wait for the end of a scheduled turn. It only looks. A worker that goes away is replaced by the next attempt. */
export const turnWait: ActivityInterfaceFor<Pick<ScheduleActivities, 'awaitTurn'>> = proxyActivities({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '24h',
  scheduleToCloseTimeout: '24h',
  heartbeatTimeout: '30s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});

/** One transaction that must happen in the end, because no thread of a schedule is left silent. */
export const failureNotice: ActivityInterfaceFor<Pick<ScheduleActivities, 'tellFiringFailed'>> = proxyActivities({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '30s',
  retry,
});

/** Activities that end or rest a sandbox. They may be repeated. After two minutes the reaper and the lease's own end do the same. */
const puttingAway = {
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '2m',
  retry: { ...retry, initialInterval: '250ms', maximumInterval: '2s' },
} as const;

/** The activities of one runner. When its machine has stopped, nobody takes the task, and `scheduleToStartTimeout` says so. */
export interface RunnerProxies {
  readonly provisioning: ActivityInterfaceFor<Pick<RunnerActivities, 'provisionSandbox'>>;
  readonly tools: ActivityInterfaceFor<Pick<RunnerActivities, 'runTool'>>;
  readonly settling: ActivityInterfaceFor<Pick<RunnerActivities, 'settleSandbox'>>;
  readonly resting: ActivityInterfaceFor<Pick<RunnerActivities, 'pauseSandbox' | 'removeSandbox'>>;
  readonly egress: ActivityInterfaceFor<EgressActivities>;
}

/** @param minutes time limit of a turn; a tool call may take as long */
export function runnerProxies(runner: string, minutes: number): RunnerProxies {
  const taskQueue = runnerQueue(runner);
  return {
    // An engine or a proxy that was started again is back long before that. A missing image is asked for anew (turn-sandbox.ts).
    provisioning: proxyActivities({
      taskQueue,
      startToCloseTimeout: '2m',
      scheduleToStartTimeout: '70s',
      scheduleToCloseTimeout: '15m',
      heartbeatTimeout: '15s',
      cancellationType: ActivityCancellationType.TRY_CANCEL,
      retry: { ...retry, maximumInterval: '5s' },
    }),
    // A command is started once under its step id, so another attempt only goes on following it. A tool that cannot be
    // repeated gives "outcome unknown" by itself when an earlier attempt may have had an effect.
    tools: proxyActivities({
      taskQueue,
      startToCloseTimeout: `${minutes + 1}m`,
      scheduleToStartTimeout: '70s',
      heartbeatTimeout: '10s',
      cancellationType: ActivityCancellationType.TRY_CANCEL,
      retry,
    }),
    settling: proxyActivities({ ...puttingAway, taskQueue, heartbeatTimeout: '10s' }),
    resting: proxyActivities({ ...puttingAway, taskQueue }),
    // Lives as long as the turn. At a worker's shutdown it throws and the next attempt opens the lease again, at once.
    egress: proxyActivities({
      taskQueue: egressQueue(runner),
      startToCloseTimeout: `${minutes + 35}m`,
      heartbeatTimeout: '15s',
      retry: { initialInterval: '250ms', backoffCoefficient: 1, nonRetryableErrorTypes: NON_RETRYABLE },
    }),
  };
}
