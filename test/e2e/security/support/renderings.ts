/** The forms in which a text may lie somewhere: as it is, in hex, in base64 wherever it begins, percent-encoded, in UTF-16. */
export function renderingsOf(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const texts = [hex, hex.toUpperCase(), hex.replace(/../g, '%$&'), hex.toUpperCase().replace(/../g, '%$&')];
  const base64 = [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64url');
    // Only the characters that nothing around the text has a part in.
    const own = whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return [own, own.replaceAll('-', '+').replaceAll('_', '/')];
  });
  return [bytes, Buffer.from(text, 'utf16le'), ...[...texts, ...base64].map((each) => Buffer.from(each))];
}

/** A place where something may be found: its name, and what lies there. */
export interface Place {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Names of the places in which the text lies in any form. */
export function placesWith(text: string, places: readonly Place[]): string[] {
  const renderings = renderingsOf(text);
  return places.filter(({ bytes }) => renderings.some((each) => bytes.includes(each))).map(({ name }) => name);
}
