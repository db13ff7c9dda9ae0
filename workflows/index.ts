/**
 * Everything the workflow bundle holds. Workflow code is deterministic: it decides what is done next, and activities do it.
 *
 * - `thread-session.ts`: one session, turn after turn · `run-turn.ts`: one turn · `run-tools.ts`: the tools of one answer
 * - `turn-sandbox.ts`, `follow-egress.ts`: the sandbox of a turn and its way out
 * - `activity-proxies.ts`: how long each activity may take and how it is tried again · `local-first.ts`
 * - `session-signals.ts`, `workflow-input.ts`: what comes from outside, read before it is used
 * - `scheduled-task.ts`: one firing of a schedule
 *
 * @example
 * await client.workflow.signalWithStart('threadSession', {
 *   taskQueue: AGENT_QUEUE, workflowId: session, args: [{ session }], signal: 'message', signalArgs: [{ inboxId }],
 * });
 */

export { housekeeping } from './housekeeping.ts';
export { scheduledTask } from './scheduled-task.ts';
export { threadSession } from './thread-session.ts';
