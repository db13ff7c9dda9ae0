import { z } from 'zod';
import { capForModel } from './cap-output.ts';
import { defineTool } from './define-tool.ts';
import { asRepositoryNotes, isRepositoryNotes } from './repository-notes.ts';
import { said } from './tool.ts';

const MAX_BYTES = 8 * 1024 * 1024;

const schema = z.object({
  path: z.string().min(1).max(4096).describe('Absolute, or relative to /workspace.'),
  from_line: z.number().int().min(1).optional().describe('First line to return, counted from 1.'),
  lines: z.number().int().min(1).max(10_000).optional().describe('How many lines to return.'),
});

export const readFile = defineTool({
  name: 'read_file',
  description: [
    'Returns the text of a file in the sandbox, exactly as it stands there and without line numbers.',
    '- Read a file before you change it. You may read several at once.',
    '- More than 32 KB is cut in the middle. Of a large file, find the place with rg -n and ask for its lines by from_line and lines.',
    '- Only text. For pictures, PDF and documents use view_file, for archives programs in bash. Folders are listed with ls.',
  ].join('\n'),
  schema,
  parallel: true,
  idempotent: true,
  async run({ sandbox }, { path, from_line, lines }, signal) {
    const bytes = await sandbox.readFile(path, { maxBytes: MAX_BYTES, signal });
    if (bytes.includes(0)) return said(`${path} is not text (${bytes.length} bytes).`, true);
    const whole = bytes.toString('utf8');
    const wanted = from_line === undefined && lines === undefined ? whole : selectLines(whole, from_line ?? 1, lines);
    if (wanted.length === 0) return said(bytes.length === 0 ? '(the file is empty)' : '(no such lines)');
    const capped = capForModel(wanted);
    const text = isRepositoryNotes(path) ? asRepositoryNotes(path, capped.text) : capped.text;
    return { text, isError: false, exitCode: null, output: null, truncated: capped.truncated };
  },
});

function selectLines(text: string, from: number, count: number | undefined): string {
  return text
    .split('\n')
    .slice(from - 1, count === undefined ? undefined : from - 1 + count)
    .join('\n');
}
