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

/** One for each process. Entries that nobody used for five minutes go. */
export function createPictureCache(): PictureCache {
  return new LRUCache({ maxSize: LARGEST_CACHE, sizeCalculation: (data) => data.length + 1, ttl: KEPT_MS });
}

/** Pictures and pages in one request. Anthropic takes 100, OpenAI more; each costs up to 3,300 tokens. */
export const MOST_PICTURES = 20;
/** Their bytes. In base64 that is 16 MB; Anthropic takes requests of 32 MB, OpenAI of 50 MB. */
export const MOST_PICTURE_BYTES = 12 * 1024 * 1024;
/** Pictures are left out in groups of this size. The vendor's cache of the request ends at each change in its middle, so changes are rare this way. */
const LEFT_OUT_AT_ONCE = 5;

export const NOT_TAKEN = 'the model that answers here takes no pictures';
const REFUSED = "the model's server refused it";
const TOO_MANY = `a request shows the newest ${MOST_PICTURES} pictures at most`;
const NOT_KEPT = 'it is not kept any more';

export interface ShowOptions {
  readonly takes: readonly ModelInput[];
  /** True: none at all, because the model's server has refused them. */
  readonly blind: boolean;
  /** True: PDF by their pages only, because the model's server has refused the files. @default false */
  readonly byPages?: boolean;
  readonly cache: PictureCache;
}

/** Reads what the rows show, as far as the model takes it and a request has room for it. The newest count most. */
export async function loadShown(
  db: Queryable,
  rows: readonly TranscriptRow[],
  { takes, blind, byPages = false, cache }: ShowOptions,
): Promise<ShowFile> {
  const lastWith = (mark: 'blind' | 'byPages') =>
    rows.findLastIndex((row) => row.role === 'assistant' && row.content[mark]);
  const refusedUpTo = blind ? rows.length : lastWith('blind');
  const byPagesUpTo = byPages ? rows.length : lastWith('byPages');
  const withoutPdf = takes.filter((each) => each !== 'pdf');
  const files = rows.flatMap((row, at) =>
    row.role !== 'tool' ? [] : (row.content.shown ?? []).map((file) => ({ file, at })),
  );
  const why = new Map<string, string>();
  const given = new Map<string, readonly ShownFile[]>();
  const wanted: ShownFile[] = [];
  for (const { file, at } of files) {
    const refused = at <= refusedUpTo;
    const taken = refused ? [] : givenOf(file, at <= byPagesUpTo ? withoutPdf : takes);
    if (taken.length === 0) why.set(file.file, refused ? REFUSED : NOT_TAKEN);
    else given.set(file.file, taken);
    wanted.push(...taken);
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
    return (given.get(file.file) ?? [file]).map((each) => {
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

/**
 * How many of the oldest are left out: as few as can be. With them go single pictures up to the next stride, but never the newest
 * file, nor a PDF that has room. It follows from the files alone.
 */
function leftOut(files: readonly ShownFile[]): number {
  let left = files.length;
  let pictures = 0;
  let bytes = 0;
  for (const file of files.toReversed()) {
    pictures += file.pages?.length ?? 1;
    bytes += file.bytes;
    if (pictures > MOST_PICTURES || bytes > MOST_PICTURE_BYTES) break;
    left -= 1;
  }
  while (left % LEFT_OUT_AT_ONCE > 0 && left < files.length - 1 && files[left]?.pages === undefined) left += 1;
  return left;
}

/** The pictures and PDF that a request holds. */
export function shownIn(messages: readonly ModelMessage[]): readonly PictureBlock[] {
  return messages.flatMap(({ role, content }) =>
    role === 'assistant'
      ? []
      : content.flatMap((block) => {
          if (block.type === 'picture') return [block];
          return block.type === 'tool_result' ? (block.pictures ?? []) : [];
        }),
  );
}
