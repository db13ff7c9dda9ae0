import { posix } from 'node:path';
import { z } from 'zod';
import { visibleName } from '../file-names.ts';
import { defineTool } from './define-tool.ts';
import { said } from './tool.ts';

/** The largest file that can be posted. */
export const MAX_POSTED_BYTES = 20 * 1024 * 1024;

const schema = z.object({
  path: z.string().min(1).max(4096).describe('Absolute, or relative to /workspace.'),
  title: z.string().max(200).optional().describe('Shown above the file.'),
});

/** Idempotent, because a step posts only one file, also when it is attempted again. */
export const postFile = defineTool({
  name: 'post_file',
  description: [
    'Posts a file of the sandbox into this Slack thread: a chart, a report, a table, a log. People see pictures and text at once. At most 20 MB.',
    '- Look at the file before you post it, and give it a name and title that people understand: signups-by-week.png, not out.png.',
    '- Everybody in the thread sees it and it cannot be taken back. Post no secrets, and only what was asked for.',
    '- Say in your answer what the file shows; posting is not the answer.',
  ].join('\n'),
  schema,
  parallel: false,
  idempotent: true,
  async run({ sandbox, files, session, turn, step }, { path, title }, signal) {
    const bytes = await sandbox.readFile(path, { maxBytes: MAX_POSTED_BYTES, signal });
    if (bytes.length === 0) return said(`${path} is empty; Slack takes no empty files.`, true);
    const name = visibleName(posix.basename(path));
    await files.put({ session, turn, step, name, title: title ?? null, bytes });
    return said(`${name} (${bytes.length} bytes) is being posted into the thread.`);
  },
});
