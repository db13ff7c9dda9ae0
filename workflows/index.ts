/** Everything the workflow bundle holds. */

export { scheduledTask } from './scheduled-task.ts';
export { threadSession } from './thread-session.ts';
