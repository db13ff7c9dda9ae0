/**
 * How long each activity may take, how often it is tried, and why. Client libraries' own retries are off: Temporal's
 * are the only ones.
 */
import {
  ActivityCancellationType,
  type ActivityInterfaceFor,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { AgentActivities, EgressActivities, RunnerActivities } from '../contracts/activities.ts';
import { NON_RETRYABLE } from '../contracts/failures.ts';
import { AGENT_QUEUE, egressQueue, runnerQueue } from '../contracts/task-queues.ts';
import { hereFirst } from './here-first.ts';

const retry = { initialInterval: '500ms', maximumInterval: '10s', nonRetryableErrorTypes: NON_RETRYABLE } as const;

type BookKeeping = Pick<AgentActivities, 'beginTurn' | 'endTurn' | 'settleTools' | 'noteSession'>;
type Looking = Pick<AgentActivities, 'resolveScopeAccess' | 'placeSandbox'>;
type Thinking = Pick<AgentActivities, 'callModel'>;

/** Long enough for a transaction on a busy database; the workflow task waits for it, and with it every signal. */
const here = proxyLocalActivities<BookKeeping & Looking>({
  startToCloseTimeout: '5s',
  retry: { maximumAttempts: 1 },
});

/** Must happen in the end, however long the database is away: no limit of attempts. */
const durably = proxyActivities<BookKeeping>({ taskQueue: AGENT_QUEUE, startToCloseTimeout: '30s', retry });

/** Waits for a free or returning runner by being tried again; after half an hour the thread is told. */
const patiently = proxyActivities<Looking>({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '30m',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { ...retry, maximumInterval: '5s' },
});

/** Short transactions. */
export const books: BookKeeping = {
  beginTurn: hereFirst(here.beginTurn, durably.beginTurn),
  endTurn: hereFirst(here.endTurn, durably.endTurn),
  settleTools: hereFirst(here.settleTools, durably.settleTools),
  noteSession: hereFirst(here.noteSession, durably.noteSession),
};

export const looks: Looking = {
  resolveScopeAccess: hereFirst(here.resolveScopeAccess, patiently.resolveScopeAccess),
  placeSandbox: hereFirst(here.placeSandbox, patiently.placeSandbox),
};

/**
 * A model call beats every second, so that a stop reaches it at once and a dead worker is noticed after ten. A stop
 * does not wait for its answer. Only failures of the model's service are tried again.
 */
export const thinks: ActivityInterfaceFor<Thinking> = proxyActivities<Thinking>({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '15m',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { ...retry, initialInterval: '1s', maximumInterval: '30s', maximumAttempts: 8 },
});

/** Idempotent; after two minutes the reaper and the lease's own death do the same. */
const puttingAway = {
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '2m',
  retry: { ...retry, initialInterval: '250ms', maximumInterval: '2s' },
} as const;

/** The activities of one runner; a stopped machine is noticed by nobody taking the task. */
export interface RunnerProxies {
  readonly provisions: ActivityInterfaceFor<Pick<RunnerActivities, 'provisionSandbox'>>;
  readonly tools: ActivityInterfaceFor<Pick<RunnerActivities, 'runTool'>>;
  readonly settles: ActivityInterfaceFor<Pick<RunnerActivities, 'settleSandbox'>>;
  readonly rests: ActivityInterfaceFor<Pick<RunnerActivities, 'pauseSandbox' | 'removeSandbox'>>;
  readonly egress: ActivityInterfaceFor<EgressActivities>;
}

/** @param minutes time limit of a turn; a tool call may take as long */
export function runnerProxies(runner: string, minutes: number): RunnerProxies {
  const taskQueue = runnerQueue(runner);
  return {
    // An engine or a proxy that was started again is back long before; a missing image is asked for anew (turn-sandbox.ts).
    provisions: proxyActivities({
      taskQueue,
      startToCloseTimeout: '2m',
      scheduleToStartTimeout: '70s',
      scheduleToCloseTimeout: '15m',
      heartbeatTimeout: '15s',
      cancellationType: ActivityCancellationType.TRY_CANCEL,
      retry: { ...retry, maximumInterval: '5s' },
    }),
    // A command is started once under its step id, so another attempt only goes on following it. A tool that cannot be
    // repeated gives "outcome unknown" at its second attempt by itself.
    tools: proxyActivities({
      taskQueue,
      startToCloseTimeout: `${minutes + 1}m`,
      scheduleToStartTimeout: '70s',
      heartbeatTimeout: '10s',
      cancellationType: ActivityCancellationType.TRY_CANCEL,
      retry: { ...retry, maximumAttempts: 20 },
    }),
    settles: proxyActivities({ ...puttingAway, taskQueue, heartbeatTimeout: '10s' }),
    rests: proxyActivities({ ...puttingAway, taskQueue }),
    // Lives as long as the turn. At a worker's shutdown it throws and the next attempt opens the lease again, at once.
    egress: proxyActivities({
      taskQueue: egressQueue(runner),
      startToCloseTimeout: `${minutes + 35}m`,
      heartbeatTimeout: '15s',
      retry: { initialInterval: '250ms', backoffCoefficient: 1, nonRetryableErrorTypes: NON_RETRYABLE },
    }),
  };
}
