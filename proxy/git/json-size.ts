const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING: ReadonlySet<number | undefined> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number | undefined> = new Set([0x5d, 0x7d]);

export interface JsonLimits {
  readonly values: number;
  /** Lists and objects inside one another. */
  readonly depth: number;
}

/**
 * Whether a JSON text is beyond a limit, found without parsing it. A short text may hold hundreds of thousands of values,
 * and each takes many times its length in memory. Functions that call themselves fail on one that is nested too deeply.
 * The text may also be no JSON.
 *
 * @returns the limit, or null when the text is within both
 */
export function exceededBy(json: Buffer, { values, depth }: JsonLimits): keyof JsonLimits | null {
  let counted = 1;
  let open = 0;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at);
    else if (CLOSING.has(byte)) open -= 1;
    else if (byte === COMMA || OPENING.has(byte)) {
      counted += 1;
      if (byte !== COMMA) open += 1;
      if (counted > values) return 'values';
      if (open > depth) return 'depth';
    }
  }
  return null;
}

/** The index of the closing quote, or the end of a text that has none. @param start the opening one */
function endOfString(json: Buffer, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    if (json[at] === QUOTE) return at;
    if (json[at] === BACKSLASH) at += 1;
  }
  return json.length;
}
