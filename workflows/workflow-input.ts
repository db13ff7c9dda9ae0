import { ApplicationFailure, log } from '@temporalio/workflow';
import type { Placement, RestTimes } from '../contracts/activities.ts';
import { type EgressCounts, NO_EGRESS } from '../contracts/egress.ts';
import type { FailureType } from '../contracts/failures.ts';
import type { Fence } from '../contracts/fence.ts';
import { isSessionId, type SessionId } from '../contracts/ids.ts';
import { readStop, type StopSignal } from '../contracts/signals.ts';

/**
 * Arguments of workflows, read before they are used. Anybody who reaches the Temporal server can start a workflow with
 * any arguments, and an older version may have handed over another shape. A mistake in them must not fail the workflow
 * task: Temporal would repeat that task for ever. So what the workflow cannot do without fails the workflow, and the rest
 * is left out with a line in the log.
 */

/** What one run of a session hands to the next; everything else is in PostgreSQL. */
export interface HandedOver {
  readonly session: SessionId;
  readonly rest: RestTimes | null;
  readonly placement: Placement | null;
  readonly stop: StopSignal | null;
  /** What the turns of earlier runs sent out. */
  readonly egress: EgressCounts;
  /** The last fence of the run before; null for the first run, which asks for a number of its own. */
  readonly fence: Fence | null;
  /** The newest turn that the run before knew. */
  readonly turn: number;
}

/**
 * @throws ApplicationFailure `InvalidInput` without a session
 * @example readRun({ session: 'slack:T1:C1:1.0', stop: 'x' }) // stop: null
 */
export function readRun(given: unknown): HandedOver {
  const run = asRecord(given);
  const { session } = run;
  if (!isSessionId(session)) throw invalid('threadSession needs { session: slack:<team>:<channel>:<thread_ts> }');
  return {
    session,
    rest: optional(run, 'rest', readRest),
    placement: optional(run, 'placement', readPlacement),
    stop: optional(run, 'stop', readStop),
    egress: optional(run, 'egress', readEgress) ?? NO_EGRESS,
    fence: optional(run, 'fence', readFence),
    turn: optional(run, 'turn', (value) => (isCount(value) ? value : null)) ?? 0,
  };
}

/**
 * The name of the schedule that fires.
 * @throws ApplicationFailure `InvalidInput`
 */
export function readFiring(given: unknown): string {
  const { schedule } = asRecord(given);
  if (typeof schedule !== 'string' || schedule === '') throw invalid('scheduledTask needs { schedule: <name> }');
  return schedule;
}

function optional<T>(run: Record<string, unknown>, name: string, read: (value: unknown) => T | null): T | null {
  const value = run[name];
  if (value === undefined || value === null) return null;
  const known = read(value);
  if (known === null) log.warn('an argument of the workflow is not valid and is left out', { argument: name });
  return known;
}

function readRest(value: unknown): RestTimes | null {
  const { pauseAfterMs, removeAfterMs } = asRecord(value);
  return isAmount(pauseAfterMs) && isAmount(removeAfterMs) ? { pauseAfterMs, removeAfterMs } : null;
}

function readPlacement(value: unknown): Placement | null {
  const { runner, sandbox } = asRecord(value);
  return isName(runner) && isName(sandbox) ? { runner, sandbox } : null;
}

function readEgress(value: unknown): EgressCounts | null {
  const { injected, forwarded, blocked, bytesOut } = asRecord(value);
  const all = isCount(injected) && isCount(forwarded) && isCount(blocked) && isCount(bytesOut);
  return all ? { injected, forwarded, blocked, bytesOut } : null;
}

function readFence(value: unknown): Fence | null {
  const { run, count } = asRecord(value);
  return isCount(run) && isCount(count) ? { run, count } : null;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,60}$/i.test(value);
}

function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'InvalidInput' satisfies FailureType);
}
