import { LONGEST_OF_A_BYTE, type Place, type Sign, writtenAs } from './written-signs.ts';

/** The ways in which a text may stand in an answer: as it is, or with escapes of URLs, JSON, programs or HTML. */
export interface CredentialForms {
  /** At each byte with which a form can begin: 1. */
  readonly beginnings: Uint8Array;
  /** The longest run of letters and digits. It is in every form, as it is. Null when none has three of them. */
  readonly anchor: Anchor | null;
  /** No form is longer. */
  readonly longest: number;
  /** Where the longest form that begins here ends. Null when none is here. */
  endAt(bytes: Buffer, start: number): number | null;
}

export interface Anchor {
  readonly run: Buffer;
  /** A form begins at most this many bytes before the run. */
  readonly before: number;
}

type Part = Buffer | Sign;

/** An escape inside an escape: JSON inside JSON, a URL inside a URL, JSON inside HTML. */
const LEVELS = 2;
/** A shorter run is found everywhere. Every place is looked at then, which must cost less. */
const SHORTEST_ANCHOR = 3;
const ALPHANUMERIC = /[A-Za-z0-9]/;
const ESCAPES = Buffer.from('%\\&');

/**
 * All forms of a text in which each sign (a character that is no ASCII letter or digit) is written in one of the ways of
 * written-signs.ts, and the signs of that once more: `%252B`, `\\u002B`, `&amp;#43;`. Letters and digits stand as they
 * are, because nothing that writes URLs, JSON or HTML escapes them. A text without three of them in a row is looked for
 * with one escape only.
 *
 * A sign may be written in several ways that begin alike, so all places where it may end are followed at once. Two ways
 * that lead to one place are one. Therefore the cost of a place is bounded, whatever stands there.
 */
export function credentialForms(text: string): CredentialForms {
  const signs = new Map<string, Sign>();
  const signOf = (character: string): Sign => {
    const known = signs.get(character) ?? writtenAs(character);
    signs.set(character, known);
    return known;
  };
  const runs = text.match(/[A-Za-z0-9]+|[^A-Za-z0-9]/gsu) ?? [];
  const parts = runs.map((run): Part => (ALPHANUMERIC.test(run) ? Buffer.from(run) : signOf(run)));
  const isAnchored = parts.some((part) => Buffer.isBuffer(part) && part.length >= SHORTEST_ANCHOR);
  const levels = isAnchored ? LEVELS : 1;
  const lengths = runs.map((run, index) =>
    Buffer.isBuffer(parts[index]) ? run.length : Buffer.byteLength(run) * LONGEST_OF_A_BYTE,
  );
  const beginnings = new Uint8Array(256);
  for (const byte of parts.slice(0, 1).flatMap(beginningsOf)) beginnings[byte] = 1;

  function isHere(bytes: Buffer, at: number, literal: Buffer): boolean {
    for (let index = 0; index < literal.length; index += 1) {
      if (bytes[at + index] !== literal[index]) return false;
    }
    return true;
  }

  /** Adds where the sign ends, for each way of writing it that is found here. */
  function findSign(bytes: Buffer, at: number, { raw, escapes, bytes: single }: Sign, levels: number, ends: number[]) {
    for (const literal of raw) if (isHere(bytes, at, literal)) ends.push(at + literal.length);
    if (levels > 0 && isEscape(bytes[at])) {
      follow(bytes, at, escapes, levels - 1, ends);
    }
    if (single.length > 0) {
      ends.push(...throughAll(single, at, (from, each, found) => findSign(bytes, from, each, levels, found)));
    }
  }

  function follow(bytes: Buffer, at: number, { letters, signs: next, isEnd }: Place, levels: number, ends: number[]) {
    if (isEnd) ends.push(at);
    if (at >= bytes.length) return;
    const byte = bytes[at] as number;
    const letter = letters.get(byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);
    if (letter) follow(bytes, at + 1, letter, levels, ends);
    for (const [character, place] of next) {
      if (byte !== character.charCodeAt(0) && (levels === 0 || !isEscape(byte))) continue;
      const found: number[] = [];
      findSign(bytes, at, signOf(character), levels, found);
      for (const end of found) follow(bytes, end, place, levels, ends);
    }
  }

  return {
    beginnings,
    anchor: isAnchored ? anchorOf(parts, lengths) : null,
    longest: sumOf(lengths),
    endAt(bytes, start) {
      const ends = throughAll(parts, start, (from, part, found) => {
        if (!Buffer.isBuffer(part)) findSign(bytes, from, part, levels, found);
        else if (isHere(bytes, from, part)) found.push(from + part.length);
      });
      return ends.length === 0 ? null : Math.max(...ends);
    },
  };
}

/** With one of these every escape begins, also one inside another. */
function isEscape(byte: number | undefined): boolean {
  return byte === 0x25 || byte === 0x5c || byte === 0x26;
}

/** Goes through parts one behind the other, and returns where the last one may end. */
function throughAll<T>(
  parts: readonly T[],
  start: number,
  find: (from: number, part: T, found: number[]) => void,
): number[] {
  let places = [start];
  for (const part of parts) {
    const found: number[] = [];
    for (const from of places) find(from, part, found);
    places = found.length > 1 ? [...new Set(found)] : found;
    if (places.length === 0) break;
  }
  return places;
}

function anchorOf(parts: readonly Part[], lengths: readonly number[]): Anchor | null {
  const runs = parts.filter((part) => Buffer.isBuffer(part));
  const [run] = runs.sort((one, other) => other.length - one.length);
  return run === undefined ? null : { run, before: sumOf(lengths.slice(0, parts.indexOf(run))) };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

function beginningsOf(part: Part): number[] {
  if (Buffer.isBuffer(part)) return [...part.subarray(0, 1)];
  return [...part.raw.map((each) => each[0] ?? 0), ...part.bytes.slice(0, 1).flatMap(beginningsOf), ...ESCAPES];
}
