/**
 * pkt-lines, the framing of git's protocol (gitprotocol-common): four hexadecimal digits give the length of the line,
 * themselves included. Lengths 0 to 2 are marks without content.
 */

export type Packet =
  | { readonly kind: 'data'; readonly payload: Buffer; readonly next: number }
  | { readonly kind: 'flush' | 'delimiter' | 'end'; readonly next: number };

/** The longest line, its four digits included. */
const MAX_PACKET = 65_520;
const MARKS: Readonly<Record<number, 'flush' | 'delimiter' | 'end'>> = { 0: 'flush', 1: 'delimiter', 2: 'end' };

/** Reads the packet at an offset. `incomplete` when more bytes are needed, `malformed` when it is no packet. */
export function readPacket(bytes: Buffer, offset: number): Packet | 'incomplete' | 'malformed' {
  const digits = bytes.toString('latin1', offset, offset + 4);
  if (!/^[0-9a-fA-F]*$/.test(digits)) return 'malformed';
  if (digits.length < 4) return 'incomplete';
  const length = Number.parseInt(digits, 16);
  const mark = MARKS[length];
  if (mark) return { kind: mark, next: offset + 4 };
  if (length < 4 || length > MAX_PACKET) return 'malformed';
  if (bytes.length < offset + length) return 'incomplete';
  return { kind: 'data', payload: bytes.subarray(offset + 4, offset + length), next: offset + length };
}

/**
 * Writes one packet.
 * @throws RangeError for more than 65,516 bytes
 */
export function packet(payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload as string);
  if (bytes.length + 4 > MAX_PACKET) throw new RangeError('a packet holds at most 65,516 bytes');
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
}

export const FLUSH = Buffer.from('0000');
