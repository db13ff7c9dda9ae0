import { isDeepStrictEqual } from 'node:util';
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

/** One piece of a result, as the SDK has checked it. */
interface Piece {
  readonly type: string;
  readonly text?: string;
  readonly data?: string;
  readonly mimeType?: string | undefined;
  readonly uri?: string;
  readonly name?: string;
  readonly description?: string | undefined;
  readonly resource?: {
    readonly uri: string;
    readonly mimeType?: string | undefined;
    readonly text?: string;
    readonly blob?: string;
  };
}

const MAX_FILES = 20;
/** Our own word for a resource that an answer linked to, and that was read. */
export const READ_LINK = 'read-link';

/** Reads the pieces of a result in their order. Structured content that no text repeats is written as JSON. */
export function readResult(result: {
  readonly content: readonly unknown[];
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
  for (const piece of result.content as readonly Piece[]) {
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
