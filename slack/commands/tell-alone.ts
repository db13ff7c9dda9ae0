import type { Queryable } from '../../store/database.ts';
import type { InboxRow } from '../../store/inbox.ts';
import { type MessageButton, putEphemeral, putMessage } from '../../store/outbox.ts';
import { escapeText } from '../rendering/mrkdwn.ts';

/** What one person is told. */
export interface Told {
  readonly text: string;
  readonly buttons?: readonly MessageButton[];
  /** Its buttons work there only, so it is told in no other place where Slack refuses it. */
  readonly onlyThere?: true;
}

const MOST_NOTICE = 2_400;

type Asked = Pick<InboxRow, 'team' | 'channel' | 'threadTs' | 'ts' | 'author' | 'address'>;

/**
 * Tells a person something that only they see. In a direct message nobody else is there. Slack shows no such message in a thread without
 * replies (docs.slack.dev, chat.postEphemeral); there it stands beside the message.
 */
export async function tellAlone(db: Queryable, row: Asked, key: string, told: Told): Promise<void> {
  const { team, channel, threadTs, author } = row;
  const { onlyThere: _, ...shown } = told;
  if (row.address === 'dm') {
    // A notice is cut; an answer takes as many messages as it needs.
    const isLong = escapeText(told.text).length > MOST_NOTICE;
    const body = isLong ? ({ kind: 'answer', text: told.text } as const) : ({ kind: 'notice', ...shown } as const);
    await putMessage(db, { key, team, channel, threadTs, body, final: true });
    return;
  }
  const place = { key, team, channel, threadTs: threadTs === row.ts ? null : threadTs };
  await putEphemeral(db, { ...place, body: { user: author, ...told } });
}
