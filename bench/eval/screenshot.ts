import { crc32, deflateSync } from 'node:zlib';

/** Five columns of seven rows for each letter, as bits from the left. */
const FONT: Readonly<Record<string, readonly number[]>> = {
  E: [31, 16, 16, 30, 16, 16, 31],
  D: [30, 17, 17, 17, 17, 17, 30],
  I: [31, 4, 4, 4, 4, 4, 31],
  S: [15, 16, 16, 14, 1, 1, 30],
  K: [17, 18, 20, 24, 20, 18, 17],
  F: [31, 16, 16, 30, 16, 16, 16],
  U: [17, 17, 17, 17, 17, 17, 14],
  L: [16, 16, 16, 16, 16, 16, 31],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '4': [2, 6, 10, 18, 31, 2, 2],
  '7': [31, 1, 2, 4, 8, 8, 8],
  '-': [0, 0, 0, 31, 0, 0, 0],
  ' ': [0, 0, 0, 0, 0, 0, 0],
};
const SCALE = 8;
const MARGIN = 4;

/** A PNG with a line of large letters, dark on white, that needs no font and no library. */
export function screenshot(text: string): Buffer {
  const columns = text.length * 6 + 2 * MARGIN;
  const rows = 7 + 2 * MARGIN;
  const [width, height] = [columns * SCALE, rows * SCALE];
  const isDark = (x: number, y: number): boolean => {
    const [column, row] = [Math.floor(x / SCALE) - MARGIN, Math.floor(y / SCALE) - MARGIN];
    const bits = FONT[text[Math.floor(column / 6)] ?? ' ']?.[row] ?? 0;
    return column >= 0 && column % 6 < 5 && row >= 0 && ((bits >> (4 - (column % 6))) & 1) === 1;
  };
  const lines = Array.from({ length: height }, (_, y) =>
    Buffer.from([0, ...Array.from({ length: width }, (_, x) => (isDark(x, y) ? 20 : 255))]),
  );
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits of grey.
  header.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(lines))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
