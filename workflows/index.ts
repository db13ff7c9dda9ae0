/** Everything the workflow bundle holds. */
export { threadSession } from './thread-session.ts';
