import { z } from 'zod';
import { defineTool } from './define-tool.ts';
import { said } from './tool.ts';

const schema = z.object({
  path: z.string().min(1).max(4096).describe('Absolute, or relative to /workspace.'),
  text: z.string().max(4_000_000).describe('The whole text of the file.'),
});

export const writeFile = defineTool({
  name: 'write_file',
  description: 'Writes a text file in the sandbox, replacing what was there. Missing folders are created.',
  schema,
  parallel: false,
  idempotent: true,
  async run({ sandbox }, { path, text }, signal) {
    const bytes = Buffer.from(text, 'utf8');
    await sandbox.writeFile(path, bytes, { signal });
    return said(`Wrote ${bytes.length} bytes to ${path}.`);
  },
});
