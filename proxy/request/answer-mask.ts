import { encoded } from './query-credential.ts';

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
const ASTERISK = 0x2a;

/**
 * Looks for a credential in the forms in which servers repeat parts of a URL: as it is, percent-encoded, as a form, and in
 * JSON. An answer that is compressed, or that changes it in another way, is not understood.
 */
export function createAnswerMask(secret: string): AnswerMask {
  const forms = renderings(secret).filter((form) => form.length >= SHORTEST);
  const patterns = forms.map((form) => Buffer.from(form));
  let held: Buffer = Buffer.alloc(0);

  return {
    header: (value) => forms.reduce((text, form) => text.replaceAll(form, '*'.repeat(form.length)), value),
    push(chunk) {
      const bytes = Buffer.concat([held, chunk]);
      for (const pattern of patterns) {
        for (let at = bytes.indexOf(pattern); at !== -1; at = bytes.indexOf(pattern, at + pattern.length)) {
          bytes.fill(ASTERISK, at, at + pattern.length);
        }
      }
      const keep = Math.max(0, ...patterns.map((pattern) => begunAtEnd(bytes, pattern)));
      held = Buffer.from(bytes.subarray(bytes.length - keep));
      return bytes.subarray(0, bytes.length - keep);
    },
    end() {
      const rest = held;
      held = Buffer.alloc(0);
      return rest;
    },
  };
}

/** How many bytes at the end are the beginning of the pattern. */
function begunAtEnd(bytes: Buffer, pattern: Buffer): number {
  for (let length = Math.min(pattern.length - 1, bytes.length); length > 0; length -= 1) {
    if (bytes.subarray(bytes.length - length).equals(pattern.subarray(0, length))) return length;
  }
  return 0;
}

function renderings(secret: string): string[] {
  const percent = encoded(secret);
  const lower = (text: string) => text.replace(/%[0-9A-F]{2}/g, (triplet) => triplet.toLowerCase());
  const all = [
    secret,
    percent,
    lower(percent),
    encodeURIComponent(secret),
    encodeURI(secret),
    new URLSearchParams({ a: secret }).toString().slice(2),
  ];
  const escaped = (text: string) => JSON.stringify(text).slice(1, -1);
  return [...new Set([...all, ...all.map(escaped), ...all.map((text) => escaped(text).replaceAll('/', '\\/'))])];
}
