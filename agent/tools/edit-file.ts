import { z } from 'zod';
import { defineTool } from './define-tool.ts';
import { said } from './tool.ts';

const MAX_BYTES = 4 * 1024 * 1024;

const schema = z.object({
  path: z.string().min(1).max(4096).describe('Absolute, or relative to /workspace.'),
  old_text: z
    .string()
    .min(1)
    .describe('Text to replace, exactly as it stands in the file, with enough around it to be there once.'),
  new_text: z.string().describe('What stands there instead.'),
  all: z.boolean().default(false).describe('Replace every occurrence. Otherwise old_text must occur exactly once.'),
});

export const editFile = defineTool({
  name: 'edit_file',
  description: [
    'Replaces a piece of text in a file of the sandbox. The rest of the file stays byte for byte.',
    '- old_text must stand in the file exactly so, with its spaces, tabs and line ends. Copy it from read_file.',
    '- It must be there once. Take a line or two around it if it is there more often, or set all to replace every one, as for a renaming.',
    '- When it is not found, nothing is changed: read the place again instead of guessing.',
  ].join('\n'),
  schema,
  parallel: false,
  // A second attempt would not find the text that the first has replaced.
  idempotent: false,
  async run({ sandbox }, { path, old_text, new_text, all }, signal) {
    const bytes = await sandbox.readFile(path, { maxBytes: MAX_BYTES, signal });
    const before = bytes.toString('utf8');
    // If decoding lost something, the write would change bytes outside of the edit.
    if (!Buffer.from(before, 'utf8').equals(bytes)) return said(`${path} is not UTF-8 text; it was not changed.`, true);
    const parts = before.split(old_text);
    const found = parts.length - 1;
    if (found === 0) return said(`old_text does not occur in ${path}; it was not changed.`, true);
    if (found > 1 && !all) {
      return said(
        `old_text occurs ${found} times in ${path}; it was not changed. Give more of its surroundings.`,
        true,
      );
    }
    await sandbox.writeFile(path, Buffer.from(parts.join(new_text), 'utf8'), { signal });
    return said(`Replaced ${found} ${found === 1 ? 'occurrence' : 'occurrences'} in ${path}.`);
  },
});
