import { pictureHeader } from './picture-header.ts';
import type { Block, Message } from './request.ts';

export interface PictureLimits {
  /** Pictures in one request, those of tool results included. */
  readonly pictures: number;
  /** Of one picture, as it is sent: letters of base64. */
  readonly letters: number;
  readonly pixels: number;
  /** With more pictures than this, each may have no more than `pixelsOfMany`. */
  readonly many: number;
  readonly pixelsOfMany: number;
  /** Pages of all PDFs together. */
  readonly pages: number;
  readonly moving: boolean;
}

/** https://platform.claude.com/docs/en/build-with-claude/vision and …/pdf-support, for a window of 200,000 tokens. */
export const MESSAGES_LIMITS: PictureLimits = {
  ...{
    pictures: 100,
    letters: 5 * 1024 * 1024,
    pixels: 8_000,
    many: 20,
    pixelsOfMany: 2_000,
    pages: 100,
    moving: true,
  },
};

/** OpenAI's guide on images: 500 for each request, 20 MB each, GIF without motion. */
export const OPENAI_LIMITS: PictureLimits = {
  ...{
    pictures: 500,
    letters: 20 * 1024 * 1024,
    pixels: 65_535,
    many: 500,
    pixelsOfMany: 65_535,
    pages: 100,
    moving: false,
  },
};

type Source = Extract<Block, { type: 'image' | 'document' }>['source'];

/** What a vendor refuses about the pictures and PDFs of a conversation. Null when it takes them. */
export function pictureFault(messages: readonly Message[], limits: PictureLimits): string | null {
  const found = messages.flatMap(({ content }, index) => attachedIn(content, `messages.${index}.content`));
  const pictures = found.filter(({ block }) => block.type === 'image');
  if (pictures.length > limits.pictures) return `messages: too many images: ${pictures.length} > ${limits.pictures}`;
  const pixels = pictures.length > limits.many ? limits.pixelsOfMany : limits.pixels;
  let pages = 0;
  for (const { block, place } of found) {
    const { source } = block;
    if (block.type === 'image') {
      const fault = faultOfPicture(source, place, limits, pixels);
      if (fault) return fault;
    } else if (source.type === 'base64') {
      const pdf = Buffer.from(source.data, 'base64').toString('latin1');
      if (!pdf.startsWith('%PDF-')) return `${place}.source.base64.data: The PDF specified was not valid.`;
      if (/\/Encrypt\s/.test(pdf)) return `${place}.source.base64.data: The PDF specified is password protected.`;
      // Pages inside compressed streams are not counted.
      pages += pdf.match(/\/Type\s*\/Page(?![a-zA-Z])/g)?.length ?? 0;
      if (pages > limits.pages) return `${place}.source: A maximum of ${limits.pages} PDF pages may be provided.`;
    }
  }
  return null;
}

function faultOfPicture(source: Source, place: string, limits: PictureLimits, pixels: number): string | null {
  if (source.type !== 'base64') return null;
  const { data, media_type: type } = source;
  if (data.length > limits.letters) {
    const most = limits.letters / 1024 / 1024;
    return `${place}.source.base64: image exceeds ${most} MB maximum: ${data.length} bytes > ${limits.letters} bytes`;
  }
  const header = pictureHeader(Buffer.from(data, 'base64'));
  if (!header) return `${place}.source.base64.data: Could not process image`;
  if (header.type !== type) {
    return `${place}.source.base64: the image was specified using the ${type} media type, but it appears to be ${header.type}`;
  }
  if (header.moving && !limits.moving) return `${place}: an animated GIF is not supported`;
  if (Math.max(header.width, header.height) <= pixels) return null;
  const kind = pixels < limits.pixels ? ' for many-image requests' : '';
  return `${place}.source.base64.data: At least one of the image dimensions exceed max allowed size${kind}: ${pixels} pixels`;
}

type Attached = { readonly block: Extract<Block, { type: 'image' | 'document' }>; readonly place: string };

function attachedIn(content: string | readonly Block[], place: string): Attached[] {
  if (typeof content === 'string') return [];
  return content.flatMap((block, at): Attached[] => {
    const here = `${place}.${at}`;
    if (block.type === 'image' || block.type === 'document') return [{ block, place: here }];
    return block.type === 'tool_result' ? attachedIn(block.content ?? [], `${here}.tool_result.content`) : [];
  });
}
