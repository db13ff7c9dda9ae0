import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { SetupError } from '../errors.ts';

/**
 * The content of a JSON file of ours; undefined when there is no such file.
 *
 * @throws when it does not fit the schema, with the name of the field
 */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SetupError('bad-setting', `${path} is not JSON`, './bellhop reset');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SetupError('bad-setting', `${path}: ${issue?.path.join('.')}: ${issue?.message}`, './bellhop reset');
}
