import { nextCursor } from '../api/fields.ts';

/** The most that Slack gives at once (docs.slack.dev, conversations.members). */
const PAGE = 1_000;

/**
 * Who is in a conversation, as Slack lists them.
 *
 * @param ask makes one call of `conversations.members`
 * @param most more pages are not read
 * @returns null where there are more members than that
 */
export async function membersOf(
  ask: (page: {
    readonly channel: string;
    readonly limit: number;
    readonly cursor?: string;
  }) => Promise<Readonly<Record<string, unknown>>>,
  channel: string,
  most: number,
): Promise<string[] | null> {
  const members: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < most; page += 1) {
    const answer = await ask({ channel, limit: PAGE, ...(cursor && { cursor }) });
    members.push(...((answer.members ?? []) as string[]));
    cursor = nextCursor(answer);
    if (!cursor) return members;
  }
  return null;
}
