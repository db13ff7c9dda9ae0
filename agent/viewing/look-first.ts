import { randomUUID } from 'node:crypto';
import type { AssistantContent } from '../../contracts/conversation.ts';
import type { Queryable } from '../../store/database.ts';
import { beginningsOf } from '../../store/files.ts';
import type { TranscriptRow } from '../../store/transcript.ts';
import { incomingPath } from '../incoming-files.ts';
import type { Model, ModelAnswer } from '../model/model.ts';
import { viewFile } from '../tools/view-file.ts';
import { kindOf } from './picture-header.ts';

/** Files that are looked at before the model is asked. For others it calls `view_file` itself. */
const MOST_FILES = 10;

/**
 * An answer in the model's place: calls of `view_file` for the pictures and PDF that people have attached since the last answer. So
 * a question about a screenshot costs no call of the model that only asks to see it, and what nobody trusts is opened in the sandbox,
 * as every tool call is. Null when there is nothing to look at, or the model takes no pictures.
 *
 * @param most the most calls, so that the turn keeps a step to answer in
 */
export async function lookFirst(
  db: Queryable,
  rows: readonly TranscriptRow[],
  { takes = [] }: Pick<Model, 'takes'>,
  most: number,
): Promise<(ModelAnswer & Pick<AssistantContent, 'by'>) | null> {
  if (!takes.includes('images') || most < 1) return null;
  const since = rows.slice(rows.findLastIndex(({ role }) => role === 'assistant') + 1);
  const attached = since.flatMap((row) => (row.role === 'user' ? row.content.files : []));
  const named = attached.flatMap(({ file, name }) => (file === null ? [] : [{ file, name }]));
  if (named.length === 0) return null;
  const heads = await beginningsOf(
    db,
    named.map(({ file }) => file),
  );
  const seen = named
    .filter(({ file }) => kindOf(heads.get(file) ?? Buffer.alloc(0)) !== 'other')
    .slice(-Math.min(MOST_FILES, most));
  if (seen.length === 0) return null;
  return {
    content: seen.map(({ file, name }) => ({
      type: 'tool_use',
      id: `call_${randomUUID().replaceAll('-', '')}`,
      name: viewFile.name,
      input: { path: incomingPath(file, name) },
    })),
    stopReason: 'tools',
    usage: { inputTokens: 0, outputTokens: 0 },
    model: 'bellhop',
    by: 'bellhop',
  };
}
