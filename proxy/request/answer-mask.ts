import { LRUCache } from 'lru-cache';
import { type CredentialForms, credentialForms } from './credential-forms.ts';

/**
 * Hides credentials in an answer. Every occurrence is overwritten by asterisks of the same length, so that lengths and
 * ranges of the answer stay true.
 */
export interface AnswerMask {
  /** One value of a header. */
  header(value: string): string;
  /** The next piece of the body. Its end, behind the last delimiter, is held back until more is there. */
  push(chunk: Buffer): Buffer;
  /** What is still held back. */
  end(): Buffer;
  /** Whether something was overwritten. */
  hasHidden(): boolean;
}

export interface AnswerMasks {
  /** For one answer. Null when nothing is looked for. */
  maskOf(secrets: readonly string[]): AnswerMask | null;
  /** Forgets all credentials, as it is done with opened ones. */
  clear(): void;
}

/** A shorter text would be found everywhere. */
const SHORTEST = 8;
const TOO_SHORT = new RegExp(`^[A-Za-z0-9]{0,${SHORTEST - 1}}$`);
const ASTERISK = 0x2a;
/** Stand in no form of a credential that has none of them: spaces, signs of control, quotation marks, brackets. */
const DELIMITERS = [...Array(0x21).keys(), 0x7f, ...Buffer.from('"<>[]{}')];
/** As long as an opened credential is kept, and no longer. */
const KEPT_MS = 30_000;
const MAX_KEPT = 1_000;

/** A credential that is looked for. */
interface Wanted {
  readonly forms: CredentialForms;
  readonly bytes: Buffer;
}

/** Finding out how a credential may be written takes a part of a millisecond. So it is kept for the next requests. */
export function createAnswerMasks(): AnswerMasks {
  const kept = new LRUCache<string, Wanted>({ max: MAX_KEPT, ttl: KEPT_MS });

  function wanted(secret: string): Wanted {
    const known = kept.get(secret);
    if (known) return known;
    const made = { forms: credentialForms(secret), bytes: Buffer.from(secret) };
    kept.set(secret, made);
    return made;
  }

  return {
    maskOf(secrets) {
      const long = secrets.filter((secret) => !TOO_SHORT.test(secret));
      return long.length === 0 ? null : createAnswerMask(long.map(wanted));
    },
    clear: () => kept.clear(),
  };
}

/**
 * Looks for credentials in the forms in which services repeat parts of a URL (credential-forms.ts). An answer that is
 * compressed, or that changes them in another way, is not understood.
 */
function createAnswerMask(secrets: readonly Wanted[]): AnswerMask {
  const isParting = new Uint8Array(256);
  for (const byte of DELIMITERS) isParting[byte] = secrets.some(({ bytes }) => bytes.includes(byte)) ? 0 : 1;
  const longest = Math.max(...secrets.map(({ forms }) => forms.longest));
  let held: Buffer = Buffer.alloc(0);
  let hasHidden = false;

  /** Overwrites forms that begin within a stretch. */
  function overwrite(bytes: Buffer, { beginnings, endAt }: CredentialForms, from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      if (beginnings[bytes[at] as number] === 0) continue;
      const end = endAt(bytes, at);
      if (end === null || end - at < SHORTEST) continue;
      bytes.fill(ASTERISK, at, end);
      hasHidden = true;
      at = end - 1;
    }
  }

  /** The same for all bytes. A form begins near the anchor only. */
  function overwriteAll(bytes: Buffer, forms: CredentialForms): void {
    const { anchor } = forms;
    if (anchor === null) {
      overwrite(bytes, forms, 0, bytes.length);
      return;
    }
    let next = 0;
    for (let hit = bytes.indexOf(anchor.run); hit !== -1; hit = bytes.indexOf(anchor.run, hit + 1)) {
      overwrite(bytes, forms, Math.max(next, hit - anchor.before), hit + 1);
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
    let length = 0;
    const most = Math.min(longest, bytes.length);
    while (length < most && isParting[bytes[bytes.length - 1 - length] as number] === 0) length += 1;
    return length;
  }

  return {
    header(value) {
      const bytes = Buffer.from(value, 'latin1');
      for (const { forms } of secrets) overwriteAll(bytes, forms);
      return bytes.toString('latin1');
    },
    push(chunk) {
      const bytes = Buffer.concat([held, chunk]);
      for (const { forms } of secrets) overwriteAll(bytes, forms);
      const known = bytes.length - openEnd(bytes);
      held = Buffer.from(bytes.subarray(known));
      return bytes.subarray(0, known);
    },
    end() {
      const rest = held;
      held = Buffer.alloc(0);
      return rest;
    },
    hasHidden: () => hasHidden,
  };
}
