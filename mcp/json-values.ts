const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const COMMA = 0x2c;
const LIST = 0x5b;
const OBJECT = 0x7b;

/**
 * Counts the values of JSON as it comes, before anybody reads it: each list, object and comma outside of strings is one. It may stand in a stream
 * of events, or in lines.
 *
 * No string goes on in the next line. So what stands before it cannot make it count what is inside strings instead.
 */
export function createValueCounter(): (chunk: Uint8Array) => number {
  let inString = false;
  let isEscaped = false;

  return (chunk) => {
    let values = 0;
    for (const byte of chunk) {
      if (byte === LINE_FEED || byte === RETURN) {
        inString = false;
        isEscaped = false;
      } else if (isEscaped) isEscaped = false;
      else if (byte === QUOTE) inString = !inString;
      else if (inString) isEscaped = byte === BACKSLASH;
      else if (byte === COMMA || byte === LIST || byte === OBJECT) values += 1;
    }
    return values;
  };
}
