import { Refusal } from '../refusal.ts';

/** How an answer is read before the sandbox gets it. */
export interface HeldAnswer {
  /** Longer answers are not held. */
  readonly maxBytes: number;
  /** Whether an answer with this status is held. */
  isWanted(status: number): boolean;
  /** Returns what the sandbox gets instead. Null when the sandbox must not get it. */
  read(body: Buffer): Buffer | null;
  /** Whether an answer that cannot be held may pass as it is. */
  readonly mayPassUnread: boolean;
}

/** An answer while it is collected. Both functions write its head once it is known. */
export interface HeldPart {
  /** Takes a piece. Returns everything so far when it has become too long to be held. @throws Refusal */
  add(chunk: Buffer): Buffer | null;
  /** What the sandbox gets. @throws Refusal when it must not get the answer */
  end(): Buffer;
}

/**
 * @param headers names and values alternating
 * @param write writes the head of the answer
 */
export function holdAnswer(
  { maxBytes, read, mayPassUnread }: HeldAnswer,
  headers: readonly string[],
  write: (headers: readonly string[]) => void,
): HeldPart {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add(chunk) {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      if (size <= maxBytes) return null;
      if (!mayPassUnread) throw unreadable();
      write(headers);
      return Buffer.concat(chunks);
    },
    end() {
      const body = read(Buffer.concat(chunks));
      if (body === null) throw unreadable();
      write(withLength(headers, body.length));
      return body;
    },
  };
}

/** Headers with the length of another body. A digest would be that of the old one (RFC 9530). */
function withLength(headers: readonly string[], length: number): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (/^(?:content-length|content-md5|digest|content-digest|repr-digest|etag)$/i.test(name)) continue;
    kept.push(name, headers[index + 1] ?? '');
  }
  return [...kept, 'content-length', String(length)];
}

function unreadable(): Refusal {
  return new Refusal('upstream_protocol', 'The answer of the host could not be read, so it is not passed on.');
}
