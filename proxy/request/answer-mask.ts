import { credentialForms } from './credential-forms.ts';

/**
 * Hides a credential in an answer. Every occurrence is overwritten by asterisks of the same length, so that lengths and
 * ranges of the answer stay true.
 */
export interface AnswerMask {
  /** One value of a header. */
  header(value: string): string;
  /** The next piece of the body. What may be the beginning of the credential is held back until more is there. */
  push(chunk: Buffer): Buffer;
  /** What is still held back. */
  end(): Buffer;
}

/** A shorter text would be found everywhere. */
const SHORTEST = 8;
const TOO_SHORT = new RegExp(`^[A-Za-z0-9]{0,${SHORTEST - 1}}$`);
const ASTERISK = 0x2a;

/**
 * Looks for a credential in the forms in which services repeat parts of a URL (credential-forms.ts). An answer that is
 * compressed, or that changes it in another way, is not understood.
 */
export function createAnswerMask(secret: string): AnswerMask {
  const { anchor, beginnings, longest, at: formAt } = credentialForms(secret);
  let held: Buffer = Buffer.alloc(0);

  /** Overwrites forms that begin within a stretch. Returns where a form begins that more bytes may complete, or the end. */
  function overwrite(bytes: Buffer, from: number, to: number, isLast: boolean): number {
    for (let at = from; at < to; at += 1) {
      if (beginnings[bytes[at] as number] === 0) continue;
      const { end, isBegun } = formAt(bytes, at);
      if (end !== null && end - at >= SHORTEST) {
        bytes.fill(ASTERISK, at, end);
        at = end - 1;
      } else if (isBegun && !isLast) {
        return at;
      }
    }
    return bytes.length;
  }

  /** The same for all bytes. Only where the anchor is, and at the end, a form can begin. */
  function overwriteAll(bytes: Buffer, isLast: boolean): number {
    if (TOO_SHORT.test(secret)) return bytes.length;
    if (anchor === null) return overwrite(bytes, 0, bytes.length, isLast);
    let next = 0;
    for (let hit = bytes.indexOf(anchor.run); hit !== -1; hit = bytes.indexOf(anchor.run, hit + 1)) {
      const open = overwrite(bytes, Math.max(next, hit - anchor.before), hit + 1, isLast);
      if (open < bytes.length) return open;
      next = hit + 1;
    }
    return overwrite(bytes, Math.max(next, bytes.length - longest), bytes.length, isLast);
  }

  return {
    header(value) {
      const bytes = Buffer.from(value, 'latin1');
      overwriteAll(bytes, true);
      return bytes.includes(ASTERISK) ? bytes.toString('latin1') : value;
    },
    push(chunk) {
      const bytes = Buffer.concat([held, chunk]);
      const known = overwriteAll(bytes, false);
      held = Buffer.from(bytes.subarray(known));
      return bytes.subarray(0, known);
    },
    end() {
      const rest = held;
      held = Buffer.alloc(0);
      overwriteAll(rest, true);
      return rest;
    },
  };
}
