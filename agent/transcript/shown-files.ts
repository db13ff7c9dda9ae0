import { LRUCache } from 'lru-cache';
import type { ShownFile } from '../../contracts/conversation.ts';
import type { Queryable } from '../../store/database.ts';
import { getFile } from '../../store/files.ts';
import type { TranscriptRow } from '../../store/transcript.ts';
import type { ModelInput, ModelMessage, PictureBlock } from '../model/model.ts';

/** What a request shows of a file: its bytes, or in words why not. */
export type ShowFile = (file: ShownFile) => readonly (PictureBlock | string)[];

/** Bytes of pictures, by the id of their row. What is stored under an id never changes. */
export type PictureCache = LRUCache<string, string>;

/** All sessions together, in characters of base64. */
const LARGEST_CACHE = 64 * 1024 * 1024;
const KEPT_MS = 5 * 60_000;

export function createPictureCache(): PictureCache {
  return new LRUCache({ maxSize: LARGEST_CACHE, sizeCalculation: (data) => data.length + 1, ttl: KEPT_MS });
}

/** Pictures and pages in one request. Anthropic takes 100, OpenAI more; each costs up to 3,300 tokens. */
export const MOST_PICTURES = 20;
/** Their bytes. In base64 that is 16 MB; Anthropic takes requests of 32 MB, OpenAI of 50 MB. */
export const MOST_PICTURE_BYTES = 12 * 1024 * 1024;
/** So many are left out at once: the vendor's cache of the request ends with each change in its middle. */
const LEFT_OUT_AT_ONCE = 5;

export const NOT_TAKEN = 'the model that answers here takes no pictures';
const REFUSED = "the model's server refused it";
const TOO_MANY = `a request shows the newest ${MOST_PICTURES} pictures at most`;
const NOT_KEPT = 'it is not kept any more';

export interface ShowOptions {
  readonly takes: readonly ModelInput[];
  /** True: none at all, because the model's server has refused them. */
  readonly blind: boolean;
  readonly cache: PictureCache;
}

/** Reads what the rows show, as far as the model takes it and a request has room for it. The newest count most. */
export async function loadShown(
  db: Queryable,
  rows: readonly TranscriptRow[],
  { takes, blind, cache }: ShowOptions,
): Promise<ShowFile> {
  const refusedUpTo = blind ? rows.length : rows.findLastIndex((row) => row.role === 'assistant' && row.content.blind);
  const files = rows.flatMap((row, at) =>
    row.role !== 'tool' ? [] : (row.content.shown ?? []).map((file) => ({ file, refused: at <= refusedUpTo })),
  );
  const why = new Map<string, string>();
  const wanted: ShownFile[] = [];
  for (const { file, refused } of files) {
    const given = refused ? [] : givenOf(file, takes);
    if (given.length === 0) why.set(file.file, refused ? REFUSED : NOT_TAKEN);
    wanted.push(...given);
  }
  const left = leftOut(wanted);
  for (const { file } of wanted.slice(0, left)) why.set(file, TOO_MANY);
  const data = new Map<string, string>();
  for (const { file } of wanted.slice(left)) {
    const bytes = cache.get(file) ?? (await getFile(db, file))?.bytes.toString('base64');
    if (bytes === undefined) why.set(file, NOT_KEPT);
    else {
      cache.set(file, bytes);
      data.set(file, bytes);
    }
  }
  return (file) => {
    const given = why.has(file.file) ? [file] : givenOf(file, takes);
    return given.map((each) => {
      const bytes = data.get(each.file);
      if (bytes !== undefined) return { type: 'picture', mediaType: each.type, data: bytes, label: each.label };
      const reason = why.get(each.file) ?? NOT_TAKEN;
      const again =
        reason === TOO_MANY || reason === NOT_KEPT ? ' Look at it again with view_file where you need it.' : '';
      return `[${each.label} is not shown here: ${reason}.${again}]`;
    });
  };
}

/** What the model takes of a file: itself, or the pictures of its pages. */
function givenOf(file: ShownFile, takes: readonly ModelInput[]): readonly ShownFile[] {
  if (file.type !== 'application/pdf') return takes.includes('images') ? [file] : [];
  if (takes.includes('pdf')) return [file];
  return takes.includes('images') ? (file.pages ?? []) : [];
}

/** How many of the oldest are left out. It grows in strides, and follows from the files alone. */
function leftOut(files: readonly ShownFile[]): number {
  for (let left = 0; left < files.length; left += LEFT_OUT_AT_ONCE) {
    const shown = files.slice(left);
    const pictures = shown.reduce((sum, { pages }) => sum + (pages?.length ?? 1), 0);
    const bytes = shown.reduce((sum, file) => sum + file.bytes, 0);
    if (pictures <= MOST_PICTURES && bytes <= MOST_PICTURE_BYTES) return left;
  }
  return files.length;
}

/** Whether a request holds a picture or PDF. */
export function showsPictures(messages: readonly ModelMessage[]): boolean {
  return messages.some(
    ({ role, content }) =>
      role === 'user' &&
      content.some(
        (block) => block.type === 'picture' || (block.type === 'tool_result' && block.pictures !== undefined),
      ),
  );
}
