import type { Database } from '../../store/database.ts';
import { threadMessages } from '../../store/thread-messages.ts';
import { plainTextOf } from '../transcript/slack-text.ts';
import type { ThreadPort } from './tool.ts';

/** Reads a session's own thread from what is kept of it in PostgreSQL; Slack is not asked. */
export function createThreadPort(database: Database): ThreadPort {
  return {
    async read(session, limit) {
      const rows = await threadMessages(database, session, limit);
      return rows.map((row) => ({ ...row, text: plainTextOf(row.text) }));
    },
  };
}
