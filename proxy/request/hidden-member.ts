/** Overwrites the text of one member in a JSON answer, in pieces. */
export interface HiddenMember {
  push(chunk: Buffer): Buffer;
  /** What is still held back. */
  end(): Buffer;
}

/** GitHub answers with the bytes of a file as `application/vnd.github.raw+json`. */
const JSON_TYPE = /^application\/(?:(?!.*\braw\b)[\w.-]+\+)?json(?:\s*;|\s*$)/i;
const ASTERISK = 0x2a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** More blanks than this stand in no answer between a name and its value. */
const MAX_BLANKS = 64;

/** @param headers names and values alternating */
export function isJson(headers: readonly string[]): boolean {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-type');
  return at !== -1 && JSON_TYPE.test(headers[at + 1] ?? '');
}

/**
 * The text becomes asterisks of the same length, so the length of the answer stays true. Inside another text the name cannot stand
 * like this, because its quotation marks are escaped there.
 *
 * @example hideMember('token').push(Buffer.from('{"token":"abc"}')) // {"token":"***"}
 */
export function hideMember(name: string): HiddenMember {
  const quoted = Buffer.from(JSON.stringify(name));
  let held: Buffer = Buffer.alloc(0);
  let isInside = false;
  let isEscaped = false;

  /** Overwrites until the closing quotation mark. Returns where it stands, or the end of the bytes. */
  function overwrite(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE && !isEscaped) {
        isInside = false;
        return at + 1;
      }
      isEscaped = byte === BACKSLASH && !isEscaped;
      bytes[at] = ASTERISK;
    }
    return bytes.length;
  }

  /** Where the text behind a name begins. Null when the value is no text, `open` when too little has come. */
  function textBehind(bytes: Buffer, end: number): number | null | 'open' {
    const behind = /^[ \t\r\n]*(?::[ \t\r\n]*(")?)?/.exec(bytes.toString('latin1', end, end + MAX_BLANKS));
    const length = behind?.[0].length ?? 0;
    if (behind?.[1]) return end + length;
    return end + length === bytes.length && length < MAX_BLANKS ? 'open' : null;
  }

  /** How much of the end may be the beginning of the name. */
  function begun(bytes: Buffer): number {
    for (let length = Math.min(quoted.length - 1, bytes.length); length > 0; length -= 1) {
      if (bytes.subarray(bytes.length - length).equals(quoted.subarray(0, length))) return length;
    }
    return 0;
  }

  return {
    push(chunk) {
      const bytes = Buffer.concat([held, chunk]);
      held = Buffer.alloc(0);
      let at = isInside ? overwrite(bytes, 0) : 0;
      for (;;) {
        const hit = bytes.indexOf(quoted, at);
        const text = hit === -1 ? null : textBehind(bytes, hit + quoted.length);
        if (hit === -1 || text === 'open') {
          const keep = hit === -1 ? Math.min(begun(bytes), bytes.length - at) : bytes.length - hit;
          held = Buffer.from(bytes.subarray(bytes.length - keep));
          return bytes.subarray(0, bytes.length - keep);
        }
        at = hit + quoted.length;
        if (text === null) continue;
        isInside = true;
        at = overwrite(bytes, text);
      }
    },
    end() {
      const rest = held;
      held = Buffer.alloc(0);
      return rest;
    },
  };
}
