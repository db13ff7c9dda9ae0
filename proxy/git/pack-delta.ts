/** The largest result. Only commits are made from deltas here. */
const MAX_RESULT = 1024 * 1024;

/**
 * Applies a delta to its base (gitformat-pack, "Deltified representation"). Null for a delta that does not fit its base.
 */
export function applyDelta(base: Buffer, delta: Buffer): Buffer | null {
  let at = 0;
  const next = (): number => delta[at++] ?? Number.NaN;
  const size = (): number => {
    let value = 0;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = next();
      if (shift > 21 || Number.isNaN(byte)) return Number.NaN;
      value += (byte & 0x7f) << shift;
    }
    return value;
  };
  /** The bytes of a copy's offset or length that are there, as the bits of its first byte say. */
  const field = (bits: number, count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index += 1) if (bits & (1 << index)) value += next() * 256 ** index;
    return value;
  };

  if (size() !== base.length) return null;
  const length = size();
  if (!(length <= MAX_RESULT)) return null;
  const result: Buffer[] = [];
  let made = 0;
  while (at < delta.length) {
    const order = next();
    let piece: Buffer;
    if (order & 0x80) {
      const from = field(order & 0x0f, 4);
      const count = field((order >> 4) & 0x07, 3) || 0x10000;
      if (!(from + count <= base.length)) return null;
      piece = base.subarray(from, from + count);
    } else {
      if (order === 0 || at + order > delta.length) return null;
      piece = delta.subarray(at, at + order);
      at += order;
    }
    made += piece.length;
    if (made > length) return null;
    result.push(piece);
  }
  return made === length ? Buffer.concat(result) : null;
}
