import { credentialForms } from './credential-forms.ts';

/**
 * Hides a credential in an answer. Every occurrence is overwritten by asterisks of the same length, so that lengths and
 * ranges of the answer stay true.
 */
export interface AnswerMask {
  /** One value of a header. */
  header(value: string): string;
  /** The next piece of the body. Its end, behind the last delimiter, is held back until more is there. */
  push(chunk: Buffer): Buffer;
  /** What is still held back. */
  end(): Buffer;
}

/** A shorter text would be found everywhere. */
const SHORTEST = 8;
const TOO_SHORT = new RegExp(`^[A-Za-z0-9]{0,${SHORTEST - 1}}$`);
const ASTERISK = 0x2a;
/** Stand in no form of a credential that has none of them: spaces, signs of control, quotation marks, brackets. */
const DELIMITERS = [...Array(0x21).keys(), 0x7f, ...Buffer.from('"<>[]{}')];

/**
 * Looks for a credential in the forms in which services repeat parts of a URL (credential-forms.ts). An answer that is
 * compressed, or that changes it in another way, is not understood.
 */
export function createAnswerMask(secret: string): AnswerMask {
  const { anchor, beginnings, longest, endAt } = credentialForms(secret);
  const parting = DELIMITERS.filter((byte) => !Buffer.from(secret).includes(byte));
  const isTooShort = TOO_SHORT.test(secret);
  let held: Buffer = Buffer.alloc(0);

  /** Overwrites forms that begin within a stretch. */
  function overwrite(bytes: Buffer, from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      if (beginnings[bytes[at] as number] === 0) continue;
      const end = endAt(bytes, at);
      if (end === null || end - at < SHORTEST) continue;
      bytes.fill(ASTERISK, at, end);
      at = end - 1;
    }
  }

  /** The same for all bytes. A form begins near the anchor only. */
  function overwriteAll(bytes: Buffer): void {
    if (isTooShort) return;
    if (anchor === null) {
      overwrite(bytes, 0, bytes.length);
      return;
    }
    let next = 0;
    for (let hit = bytes.indexOf(anchor.run); hit !== -1; hit = bytes.indexOf(anchor.run, hit + 1)) {
      overwrite(bytes, Math.max(next, hit - anchor.before), hit + 1);
      next = hit + 1;
    }
  }

  /**
   * How much of the end may be the beginning of a form: all behind the last delimiter. It is not asked whether it is one:
   * 1. A sandbox can have a host send a text of its choice, in pieces.
   * 2. A piece of which something is held back would show it that the piece ends as the credential begins.
   * 3. It would learn the credential letter by letter.
   * Therefore what is held back depends on no letter of it.
   */
  function openEnd(bytes: Buffer): number {
    if (isTooShort) return 0;
    let length = 0;
    const most = Math.min(longest, bytes.length);
    while (length < most && !parting.includes(bytes[bytes.length - 1 - length] as number)) length += 1;
    return length;
  }

  return {
    header(value) {
      const bytes = Buffer.from(value, 'latin1');
      overwriteAll(bytes);
      return bytes.includes(ASTERISK) ? bytes.toString('latin1') : value;
    },
    push(chunk) {
      const bytes = Buffer.concat([held, chunk]);
      overwriteAll(bytes);
      const known = bytes.length - openEnd(bytes);
      held = Buffer.from(bytes.subarray(known));
      return bytes.subarray(0, known);
    },
    end() {
      const rest = held;
      held = Buffer.alloc(0);
      return rest;
    },
  };
}
