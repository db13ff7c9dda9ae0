import type { FilesPort } from '../agent/tools/tool.ts';
import { stepIdOf, threadOf } from '../contracts/ids.ts';
import { type Database, inTransaction } from '../store/database.ts';
import { saveFile } from '../store/files.ts';
import { putFile } from '../store/outbox.ts';

/** Files that tools post go through the outbox like everything else that is seen in Slack: one for each step. */
export function createPostedFiles(database: Database): FilesPort {
  return {
    put: ({ session, turn, step, name, title, bytes }) =>
      inTransaction(database, async (db) => {
        const key = `${stepIdOf(session, turn, step)}/file`;
        const fileId = await saveFile(db, { session, name, bytes, direction: 'out', origin: key });
        const { team, channel, threadTs } = threadOf(session);
        const body = { fileId, name, ...(title !== null && { comment: title }) };
        await putFile(db, { key, team, channel, threadTs, session, body });
      }),
  };
}
