/**
 * Everything the workflow bundle holds. Workflow code is deterministic: it decides what is done next, and activities do it.
 * There are three workflows:
 *
 * - `thread-session.ts`: one session, turn after turn. `run-turn.ts` is one turn, `run-tools.ts` the tools of one answer.
 *   `turn-sandbox.ts`, `wait-for-place.ts` and `follow-egress.ts` are the turn's sandbox, its place and its way out.
 * - `scheduled-task.ts`: one firing of a schedule.
 * - `housekeeping.ts`: what has to be done now and then, once for the installation.
 *
 * What they share:
 *
 * - `activity-proxies.ts`: how long each activity may take and how it is tried again. `local-first.ts` tries a short one
 *   inside the workflow task first. `failure-type-of.ts` says which failure of ours an error is.
 * - `session-signals.ts`, `workflow-input.ts`: what comes from outside, read before it is used.
 * - `session-display.ts`: what Temporal UI shows of a session.
 *
 * @example
 * await client.workflow.signalWithStart('threadSession', {
 *   taskQueue: AGENT_QUEUE, workflowId: session, args: [{ session }], signal: 'message', signalArgs: [{ inboxId }],
 * });
 */

export { housekeeping } from './housekeeping.ts';
export { scheduledTask } from './scheduled-task.ts';
export { threadSession } from './thread-session.ts';
