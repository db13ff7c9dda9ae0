import { z } from 'zod';
import { defineTool } from './define-tool.ts';
import { said } from './tool.ts';

const schema = z.object({
  path: z.string().min(1).max(4096).describe('Absolute, or relative to /workspace.'),
  text: z.string().max(4_000_000).describe('The whole text of the file.'),
});

export const writeFile = defineTool({
  name: 'write_file',
  description: [
    'Writes a text file in the sandbox. Missing folders are created, and what was there is replaced as a whole.',
    '- For new files, or when nearly all of a file changes. For a change inside a file take edit_file, which leaves the rest as it is.',
    '- Read a file that is there before you replace it. Give its whole text, without placeholders such as "rest as before".',
    '- A long script belongs into a file that you then run, not into a bash command.',
  ].join('\n'),
  schema,
  parallel: false,
  idempotent: true,
  async run({ sandbox }, { path, text }, signal) {
    const bytes = Buffer.from(text, 'utf8');
    await sandbox.writeFile(path, bytes, { signal });
    return said(`Wrote ${bytes.length} bytes to ${path}.`);
  },
});
