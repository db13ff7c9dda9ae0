import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { stepIdOf } from '../../contracts/ids.ts';
import { isSandboxMistake } from '../tools/sandbox-port.ts';
import type { ToolContext, ToShow } from '../tools/tool.ts';
import { type PictureSize, sizeOf } from './picture-header.ts';

/** Pages of a PDF that are shown at once. */
export const MOST_PAGES = 10;
/** The sizes that view-files.py makes. Nothing larger is accepted from it. */
const LONGEST_EDGE = 1568;
const PICTURE_BYTES = 1024 * 1024;
const WHOLE_PDF_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 120_000;
/** How Anthropic counts the tokens of a picture (platform.claude.com, "Vision"). Other vendors count about the same. */
const PIXELS_PER_TOKEN = 750;

export interface ToLookAt {
  /** Absolute, or relative to /workspace. */
  readonly path: string;
  /** The first and last page of a PDF, counted from 1. */
  readonly first?: number | undefined;
  readonly last?: number | undefined;
}

/** What could be read of a file. */
export interface Look {
  readonly path: string;
  /** `a PDF (3 pages)` */
  readonly kind: string;
  /** Why the file could not be read, in words for the model. Null when it could. */
  readonly problem: string | null;
  /** Sentences that say what is left out or shown smaller. */
  readonly notes: readonly string[];
  readonly text: string;
  readonly shown: readonly ToShow[];
}

const picture = z.object({
  file: z.string().max(4_096),
  type: z.enum(['image/png', 'image/jpeg']),
  label: z.string().max(4_200),
});
const found = z.object({
  path: z.string().max(4_096),
  kind: z.string().max(200),
  problem: z.string().max(1_000).default(''),
  notes: z.array(z.string().max(1_000)).max(30),
  text: z.string().max(100_000),
  pictures: z.array(picture).max(MOST_PAGES),
  whole: z.string().max(4_096).optional(),
});
type Found = z.output<typeof found>;
const report = z.object({ files: z.array(found).max(20) });

/** In this order: the last one ends with the call that runs it all. */
const PROGRAM = ['foreign-pictures.py', 'view-files.py']
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  .join('\n');

/**
 * Prepares files for a model, in the sandbox. No picture and no document is parsed anywhere else. Each picture comes back in a
 * size that every vendor accepts. What the sandbox says of them is checked too, because it may lie.
 *
 * @returns a look for each file, in their order. When there is none: why, in words
 */
export async function look(
  context: ToolContext,
  files: readonly ToLookAt[],
  signal: AbortSignal,
): Promise<readonly Look[] | string> {
  const { session, turn, step, sandbox } = context;
  const named = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 12);
  const order = { folder: `/tmp/bellhop-view/${turn}-${step}-${named}`, files, pages: MOST_PAGES };
  const given = Buffer.from(JSON.stringify(order)).toString('base64');
  const outcome = await sandbox.runStep({
    step: stepIdOf(session, turn, step),
    // `-I` keeps Python from loading a file of the workspace in place of a library.
    command: `python3 -I - ${given} 2>/dev/null <<'END_OF_VIEW'\n${PROGRAM}\nEND_OF_VIEW`,
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  if (outcome.exitCode === 127)
    return 'The image of this sandbox has no python3, which pictures and documents are read with.';
  const said = reported(outcome.output);
  if (said === null || said.files.length !== files.length) {
    return outcome.timedOut
      ? 'Reading it took too long. Look at fewer pages, or work on it with bash.'
      : 'It could not be read: the program that reads it was ended. It may need more memory than this sandbox has.';
  }
  return Promise.all(said.files.map((each) => lookOf(context, each, signal)));
}

function reported(output: Buffer): z.output<typeof report> | null {
  try {
    const read = report.safeParse(JSON.parse(output.toString('utf8').trim()));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

async function lookOf(context: ToolContext, each: Found, signal: AbortSignal): Promise<Look> {
  const { path, kind, text, pictures, whole } = each;
  const notes = [...each.notes];
  const pages: ToShow[] = [];
  for (const { file, type, label } of pictures) {
    const bytes = await read(context, file, PICTURE_BYTES, signal);
    const size = bytes === null ? null : sizeOf(bytes, type);
    if (bytes === null || size === null || !isUsual(size)) notes.push(`${label} could not be made ready.`);
    else pages.push({ type, label, bytes, tokens: Math.ceil((size.width * size.height) / PIXELS_PER_TOKEN) });
  }
  const bytes = whole === undefined ? null : await read(context, whole, WHOLE_PDF_BYTES, signal);
  const isPdf = bytes?.subarray(0, 5).equals(Buffer.from('%PDF-')) === true && pages.length === pictures.length;
  const tokens = pages.reduce((sum, page) => sum + page.tokens, 0);
  const shown: ToShow[] = bytes && isPdf ? [{ type: 'application/pdf', label: path, bytes, tokens, pages }] : pages;
  return { path, kind, text, notes, shown, problem: each.problem || null };
}

function isUsual({ width, height }: PictureSize): boolean {
  return Math.min(width, height) > 0 && Math.max(width, height) <= LONGEST_EDGE;
}

async function read(
  { sandbox }: ToolContext,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer | null> {
  try {
    return await sandbox.readFile(path, { maxBytes, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!isSandboxMistake(error)) throw error;
    return null;
  }
}
