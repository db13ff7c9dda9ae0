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
  | 'group-dm'
  | 'disabled';

export interface Speaking {
  /** Null when Slack could not say who it is. */
  readonly author: AuthorClass | null;
  readonly channel: Pick<Channel, 'kind' | 'external'> | null;
  /** Whether the applied access file lets the agent work in this scope. */
  readonly enabled: boolean;
}

/**
 * Members of the workspace may speak, where nobody of another organization listens. Null means yes. Asked in this
 * order, so that an outsider learns nothing about how a channel is set up.
 */
export function refusalOf({ author, channel, enabled }: Speaking): Refusal | null {
  if (author === null || author === 'unknown') return 'unknown-person';
  if (author !== 'member') return author;
  if (channel === null) return 'unknown-channel';
  if (channel.external) return 'shared-channel';
  if (channel.kind === 'mpim') return 'group-dm';
  return enabled ? null : 'disabled';
}
