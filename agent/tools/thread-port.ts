import type { Database } from '../../store/database.ts';
import { readThreadMessages } from '../../store/thread-messages.ts';
import type { ThreadPort } from './tool.ts';

/** Reads a session's own thread from PostgreSQL, not from Slack. */
export function createThreadPort(database: Database): ThreadPort {
  return {
    read: (session, limit) => readThreadMessages(database, session, limit),
  };
}
