/** A character other than an ASCII letter or digit, with the ways to write it. */
export interface Sign {
  /** As it is: UTF-8, or Latin-1. */
  readonly raw: readonly Buffer[];
  /** The beginning of all its escapes. */
  readonly escapes: Place;
  /** Some programs take each byte of UTF-8 for a character. Empty in ASCII. */
  readonly bytes: readonly Sign[];
}

/** A place in escapes that begin alike. Letters stand in any case, and signs may be escaped themselves. */
export interface Place {
  /** What may come next, by the byte of the small letter or digit. */
  readonly letters: Map<number, Place>;
  readonly signs: Map<string, Place>;
  isEnd: boolean;
}

/** No way to write one byte of UTF-8 is longer, also with its own signs escaped: `&#x000026;&#x000023;x00002b&#x00003b;` */
export const LONGEST_OF_A_BYTE = 40;

/** Of HTML, for ASCII (https://html.spec.whatwg.org/multipage/named-characters.html). In small letters. */
const ENTITIES: Readonly<Record<string, readonly string[]>> = {
  ...{ '\t': ['tab'], '\n': ['newline'], '!': ['excl'], '"': ['quot'], '#': ['num'], $: ['dollar'], '%': ['percnt'] },
  ...{ '&': ['amp'], "'": ['apos'], '(': ['lpar'], ')': ['rpar'], '*': ['ast', 'midast'], '+': ['plus'] },
  ...{ ',': ['comma'], '.': ['period'], '/': ['sol'], ':': ['colon'], ';': ['semi'], '<': ['lt'], '=': ['equals'] },
  ...{ '>': ['gt'], '?': ['quest'], '@': ['commat'], '[': ['lsqb', 'lbrack'], '\\': ['bsol'], ']': ['rsqb', 'rbrack'] },
  ...{ '^': ['hat'], _: ['lowbar', 'underbar'], '`': ['grave', 'diacriticalgrave'], '{': ['lcub', 'lbrace'] },
  ...{ '|': ['verbar', 'vert', 'verticalline'], '}': ['rcub', 'rbrace'] },
};
/** What stands behind a backslash in JSON and in programs. */
const BEHIND_BACKSLASH: Readonly<Record<string, string>> = {
  ...{ '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't' },
  ...{ '"': '"', "'": "'", '/': '/', '\\': '\\' },
};

/**
 * The ways to write a character in URLs, JSON, programs and HTML:
 *
 * - as it is in UTF-8 or Latin-1; a space also as `+`
 * - `%2B`, `%u002B`
 * - `\u002B`, `\x2B`, `\U0000002B`, `\/`
 * - `&#43;`, `&#x2B;`, `&plus;`
 *
 * Beyond ASCII also each byte of its UTF-8 in one of these ways.
 */
export function writtenAs(character: string): Sign {
  const code = character.codePointAt(0) ?? 0;
  const single = code < 0x80 ? [] : [...Buffer.from(character)].map((byte) => ofCode(byte, String.fromCharCode(byte)));
  const { raw, escapes } = ofCode(code, character);
  return { raw: character === ' ' ? [...raw, Buffer.from('+')] : raw, escapes, bytes: single };
}

function ofCode(code: number, character: string): Sign {
  const hex = (digits: number, of = code) => of.toString(16).padStart(digits, '0');
  const utf16 = character.split('').map((unit) => hex(4, unit.charCodeAt(0)));
  const decimals = [1, 3, 4, 5].map((digits) => `#${String(code).padStart(digits, '0')}`);
  const hexadecimals = [1, 2, 3, 4, 5, 6].map((digits) => `#x${hex(digits)}`);
  const behind = BEHIND_BACKSLASH[character];
  return {
    raw: [Buffer.from(character), ...(code >= 0x80 && code <= 0xff ? [Buffer.from([code])] : [])],
    escapes: placesOf([
      ...(code <= 0xff ? [`%${hex(2)}`, `\\x${hex(2)}`] : []),
      utf16.map((unit) => `%u${unit}`).join(''),
      utf16.map((unit) => `\\u${unit}`).join(''),
      `\\u${hex(8)}`,
      ...(behind === undefined ? [] : [`\\${behind}`]),
      ...[...decimals, ...hexadecimals, ...(ENTITIES[character] ?? [])].map((name) => `&${name};`),
    ]),
    bytes: [],
  };
}

/** @param all in small letters */
function placesOf(all: readonly string[]): Place {
  const place = (): Place => ({ letters: new Map(), signs: new Map(), isEnd: false });
  const root = place();
  for (const each of all) {
    let here = root;
    for (const character of each) {
      const code = character.charCodeAt(0);
      const isLetter = /[a-z0-9]/.test(character);
      const next = (isLetter ? here.letters.get(code) : here.signs.get(character)) ?? place();
      if (isLetter) here.letters.set(code, next);
      else here.signs.set(character, next);
      here = next;
    }
    here.isEnd = true;
  }
  return root;
}
