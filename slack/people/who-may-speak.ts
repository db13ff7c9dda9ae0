import type { Off } from '../../access/effective-access.ts';
import type { Channel } from '../../store/channels.ts';
import type { AuthorClass } from '../../store/inbox.ts';

/** Why somebody is not heard. */
export type Refusal =
  | 'guest'
  | 'external'
  | 'bot'
  | 'unknown-person'
  | 'shared-channel'
  | 'unknown-channel'
  | 'group-messages'
  | 'direct-messages'
  | 'disabled';

export interface Speaking {
  /** Null when Slack could not say who it is. */
  readonly author: AuthorClass | null;
  readonly channel: Pick<Channel, 'kind' | 'external'> | null;
  /** Why the applied access file does not let the agent work in this scope. Null: it does. */
  readonly off: Off | null;
}

/**
 * Members of the workspace may speak, where nobody of another organization listens. Null means yes. Asked in this
 * order, so that an outsider learns nothing about how a channel is set up.
 */
export function refusalOf({ author, channel, off }: Speaking): Refusal | null {
  if (author === null || author === 'unknown') return 'unknown-person';
  if (author !== 'member') return author;
  if (channel === null) return 'unknown-channel';
  if (channel.external) return 'shared-channel';
  return off;
}
