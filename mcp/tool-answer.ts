import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { quoted } from './errors.ts';

/** What a tool answered. */
export interface ToolAnswer {
  /** The server says that the call failed. */
  readonly isError: boolean;
  /** All its texts, and what is said of the rest. */
  readonly text: string;
  /** Images, sounds and other files. */
  readonly files: readonly AnswerFile[];
}

export interface AnswerFile {
  /** `1.png` */
  readonly name: string;
  /** The server's word for what it is. */
  readonly type: string;
  readonly bytes: Buffer;
}

/** Lists that may have a million pieces. Each piece is read by itself. */
const list = z.custom<readonly unknown[]>(Array.isArray);
const words = z.string().optional().catch(undefined);

/** The result of `tools/call`. The SDK's own schema notes what is wrong with each piece, and its note is hundreds of times as large. */
export const ResultSchema = z.object({
  content: list.default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});
/** The result of `resources/read`. */
export const ReadSchema = z.object({ contents: list });

const ResourceSchema = z.object({ uri: z.string(), mimeType: words, text: words, blob: words });
const PieceSchema = z.object({
  ...{ type: z.string(), text: words, data: words, mimeType: words, uri: words, name: words },
  resource: ResourceSchema.optional().catch(undefined),
});

/** One piece of a result. */
export type Piece = z.input<typeof PieceSchema>;

/** More than people and models look at. */
const MAX_PIECES = 1_000;
const MAX_FILES = 20;

/** The pieces of a result in their order, as far as they are any, and what is to be said of the others. */
export function readPieces(content: readonly unknown[]): { readonly pieces: Piece[]; readonly notes: string[] } {
  const some = content.slice(0, MAX_PIECES).map((each) => PieceSchema.safeParse(each));
  const pieces = some.flatMap(({ data }) => data ?? []);
  const [odd, left] = [some.length - pieces.length, content.length - some.length];
  return {
    pieces,
    notes: [
      ...(odd > 0 ? [`(${odd} pieces of the answer are none of MCP)`] : []),
      ...(left > 0 ? [`(${left} pieces left out, because an answer has at most ${MAX_PIECES})`] : []),
    ],
  };
}

/** What was read of a link, as pieces. */
export function readLinked(contents: readonly unknown[]): Piece[] {
  return contents.slice(0, MAX_FILES).flatMap((each) => {
    const { data } = ResourceSchema.safeParse(each);
    return data ? [{ type: READ_LINK, resource: data }] : [];
  });
}

/** Our own word for a resource that an answer linked to, and that was read. */
const READ_LINK = 'read-link';

/** Reads the pieces of a result in their order. Structured content that no text repeats is written as JSON. */
export function readResult(result: {
  readonly content: readonly Piece[];
  /** What is said behind its texts. @default nothing */
  readonly notes?: readonly string[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean | undefined;
}): ToolAnswer {
  const texts: string[] = [];
  const files: AnswerFile[] = [];
  function addFile(bytes: Buffer, type: string, of: string): void {
    if (files.length === MAX_FILES) {
      texts.push(`(${of}: left out, because an answer has at most ${MAX_FILES} files)`);
      return;
    }
    files.push({
      name: `${files.length + 1}.${ending(type)}`,
      type: quoted(type, 100),
      bytes,
    });
  }
  for (const piece of result.content) {
    if (piece.type === 'text') texts.push(piece.text ?? '');
    else if (piece.data !== undefined) addFile(Buffer.from(piece.data, 'base64'), piece.mimeType ?? '', piece.type);
    else if (piece.type === 'resource_link')
      texts.push(`(resource ${quoted(piece.uri ?? '')}: ${quoted(piece.name ?? '')})`);
    else if (piece.type === READ_LINK && piece.resource?.text !== undefined) {
      texts.push(`(resource ${quoted(piece.resource.uri)})`);
      addFile(Buffer.from(piece.resource.text), piece.resource.mimeType ?? 'text/plain', 'resource');
    } else if (piece.resource?.text !== undefined)
      texts.push(`(resource ${quoted(piece.resource.uri)})\n${piece.resource.text}`);
    else if (piece.resource?.blob !== undefined) {
      texts.push(`(resource ${quoted(piece.resource.uri)})`);
      addFile(Buffer.from(piece.resource.blob, 'base64'), piece.resource.mimeType ?? '', 'resource');
    }
  }
  const { structuredContent } = result;
  if (structuredContent !== undefined && !texts.some((text) => saysTheSame(text, structuredContent))) {
    // Without indentation, which makes a thousand bytes of one where lists are nested.
    texts.push(JSON.stringify(structuredContent));
  }
  texts.push(...(result.notes ?? []));
  return { isError: result.isError === true, text: texts.join('\n'), files };
}

function saysTheSame(text: string, content: unknown): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    return isDeepStrictEqual(JSON.parse(text), content);
  } catch {
    return false;
  }
}

/** The ending of a file's name. Only ones that are known: the type is the server's word. */
function ending(type: string): string {
  const [, found = ''] = /^[a-z]+\/(?:x-)?([a-z0-9]{1,8})(?:[+;].*)?$/i.exec(type) ?? [];
  const known: Readonly<Record<string, string>> = { jpeg: 'jpg', plain: 'txt', svg: 'svg', mpeg: 'mp3', gzip: 'gz' };
  return known[found.toLowerCase()] ?? (found === '' ? 'bin' : found.toLowerCase());
}
