import type { Queryable } from '../../store/database.ts';
import type { InboxRow } from '../../store/inbox.ts';
import { type MessageButton, putEphemeral, putMessage } from '../../store/outbox.ts';

/** What one person is told. */
export interface Told {
  readonly text: string;
  readonly buttons?: readonly MessageButton[];
}

type Asked = Pick<InboxRow, 'team' | 'channel' | 'threadTs' | 'ts' | 'author' | 'address'>;

/**
 * Tells a person something that only they see. In a direct message nobody else is there. Slack shows no such message in a thread without
 * replies (docs.slack.dev, chat.postEphemeral); there it stands beside the message.
 */
export async function tellAlone(db: Queryable, row: Asked, key: string, told: Told): Promise<void> {
  const { team, channel, threadTs, author } = row;
  if (row.address === 'dm') {
    await putMessage(db, { key, team, channel, threadTs, body: { kind: 'notice', ...told }, final: true });
    return;
  }
  const place = { key, team, channel, threadTs: threadTs === row.ts ? null : threadTs };
  await putEphemeral(db, { ...place, body: { user: author, ...told } });
}
