export interface PictureHeader {
  readonly type: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';
  readonly width: number;
  readonly height: number;
  /** Whether it is a GIF of several pictures. */
  readonly moving: boolean;
}

/** What the first bytes of a picture say of it. Null for anything that is none. */
export function pictureHeader(bytes: Buffer): PictureHeader | null {
  try {
    if (bytes.subarray(1, 4).toString('latin1') === 'PNG') {
      return still('image/png', bytes.readUInt32BE(16), bytes.readUInt32BE(20));
    }
    if (/^GIF8[79]a$/.test(bytes.subarray(0, 6).toString('latin1'))) {
      const isMoving = bytes.indexOf('NETSCAPE2.0', 0, 'latin1') > 0;
      return { ...still('image/gif', bytes.readUInt16LE(6), bytes.readUInt16LE(8)), moving: isMoving };
    }
    if (bytes.subarray(8, 12).toString('latin1') === 'WEBP') return webp(bytes);
    return bytes.readUInt16BE(0) === 0xffd8 ? jpeg(bytes) : null;
  } catch {
    // It ends before its header does.
    return null;
  }
}

function still(type: PictureHeader['type'], width: number, height: number): PictureHeader {
  return { type, width, height, moving: false };
}

/** The extended form says its size; of the two simple ones the bits differ. https://developers.google.com/speed/webp/docs/riff_container */
function webp(bytes: Buffer): PictureHeader | null {
  switch (bytes.subarray(12, 16).toString('latin1')) {
    case 'VP8X':
      return still('image/webp', 1 + bytes.readUIntLE(24, 3), 1 + bytes.readUIntLE(27, 3));
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21);
      return still('image/webp', 1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff));
    }
    case 'VP8 ':
      return still('image/webp', bytes.readUInt16LE(26) & 0x3fff, bytes.readUInt16LE(28) & 0x3fff);
    default:
      return null;
  }
}

/** Goes from segment to segment until the one that begins a frame (ITU-T T.81, B.2.2). */
function jpeg(bytes: Buffer): PictureHeader | null {
  for (let at = 2; at < bytes.length; ) {
    const marker = bytes.readUInt16BE(at);
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) return still('image/jpeg', bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5));
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}
