import type { ShownType } from '../../contracts/conversation.ts';

/** The kind of a file, as its first bytes show it. Its name, and what people call it, do not count. */
export type Kind = 'picture' | 'pdf' | 'other';

const PICTURES: readonly (readonly [at: number, bytes: Buffer])[] = [
  [0, Buffer.from('89504e470d0a1a0a', 'hex')],
  [0, Buffer.from('ffd8ff', 'hex')],
  [0, Buffer.from('GIF8')],
  [8, Buffer.from('WEBP')],
  // TIFF, in both orders of bytes, and its form for large files.
  ...['49492a00', '4d4d002a', '49492b00', '4d4d002b'].map((hex) => [0, Buffer.from(hex, 'hex')] as const),
];

/** HEIC and AVIF: their box `ftyp` names one of these (ISO/IEC 23008-12, annex B). view-files.py knows the same. */
const HEIF_BRANDS = /^ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1|avif|avis)$/;
/** The sizes that the second header of a BMP may have. Without it, a text may begin in the same way. */
const BMP_HEADERS: readonly number[] = [12, 40, 52, 56, 64, 108, 124];
/** What may stand before the root of a drawing: a declaration, a type without entities, a comment. */
const BEFORE_ROOT = /^(?:<\?xml[^>]*>|<!--[\s\S]*?-->|<!doctype\s+svg[^>]*>)/i;

/** @param head at least the first 16 bytes of the file; more of them tell a drawing (SVG) and a BMP too */
export function kindOf(head: Buffer): Kind {
  if (head.subarray(0, 5).equals(Buffer.from('%PDF-'))) return 'pdf';
  if (HEIF_BRANDS.test(head.toString('latin1', 4, 12)) || isBmp(head)) return 'picture';
  const is = PICTURES.some(([at, bytes]) => head.subarray(at, at + bytes.length).equals(bytes));
  return is || isDrawing(head.toString('utf8', 0, 1024)) ? 'picture' : 'other';
}

/** Piece by piece, so that no text takes long, however it is made. */
function isDrawing(text: string): boolean {
  let rest = text.replace(/^\ufeff/, '').trimStart();
  for (let before = BEFORE_ROOT.exec(rest); before; before = BEFORE_ROOT.exec(rest)) {
    rest = rest.slice(before[0].length).trimStart();
  }
  return /^<svg[\s>]/.test(rest);
}

function isBmp(head: Buffer): boolean {
  const isHeader = head.length >= 18 && head.toString('latin1', 0, 2) === 'BM' && head.readUInt32LE(6) === 0;
  return isHeader && BMP_HEADERS.includes(head.readUInt32LE(14));
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The size of a picture in pixels, read from its header alone. The pixels are never decoded here: the bytes come from
 * the sandbox and may be made to do harm. Null when the bytes are not a PNG or JPEG as `type` says.
 */
export function sizeOf(bytes: Buffer, type: Exclude<ShownType, 'application/pdf'>): PictureSize | null {
  return type === 'image/png' ? pngSize(bytes) : jpegSize(bytes);
}

function pngSize(bytes: Buffer): PictureSize | null {
  const isPng = bytes.length > 33 && bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'));
  if (!isPng || bytes.toString('latin1', 12, 16) !== 'IHDR') return null;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** Steps from marker to marker until it finds the header of the frame (ITU T.81, annex B). */
function jpegSize(bytes: Buffer): PictureSize | null {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null;
  for (let at = 2; at + 9 <= bytes.length; ) {
    const marker = bytes.readUInt16BE(at);
    if (marker < 0xffc0 || marker === 0xffd9) return null;
    const isFrame = marker <= 0xffcf && marker !== 0xffc4 && marker !== 0xffc8 && marker !== 0xffcc;
    if (isFrame) return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}
