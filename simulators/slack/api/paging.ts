import type { Arguments } from './arguments.ts';
import { SlackError } from './errors.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Empty on the last page, as Slack has it. */
  readonly nextCursor: string;
}

/**
 * Cursor paging (docs.slack.dev/apis/web-api/pagination). A cursor names the first item of the next page, so that items
 * arriving in between are neither repeated nor skipped.
 * @param idOf a stable id of an item
 */
export function page<Item>(
  all: readonly Item[],
  args: Arguments,
  limits: { readonly usual: number; readonly most: number },
  idOf: (item: Item) => string,
): Page<Item> {
  const asked = args.integer('limit') ?? limits.usual;
  if (asked < 0) throw new SlackError('invalid_limit');
  const limit = Math.min(asked === 0 ? limits.usual : asked, limits.most);
  const cursor = args.text('cursor') ?? '';
  let start = 0;
  if (cursor !== '') {
    const id = /^next:(.+)$/.exec(Buffer.from(cursor, 'base64').toString('utf8'))?.[1];
    start = all.findIndex((item) => idOf(item) === id);
    if (start < 0) throw new SlackError('invalid_cursor');
  }
  const next = all[start + limit];
  return {
    items: all.slice(start, start + limit),
    nextCursor: next === undefined ? '' : Buffer.from(`next:${idOf(next)}`).toString('base64'),
  };
}
