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
  | 'guests'
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

/** Outsiders are in the place, and it refuses to work in front of them. */
const BECAUSE_OF_OUTSIDERS: ReadonlySet<Refusal> = new Set<Refusal>(['guests', 'shared-channel']);

/**
 * Members of the workspace may speak. Who is in a channel decides whether the agent works there, the same for all who ask. So an outsider
 * may speak where outsiders are not refused; a direct message is no such place, because there the agent acts as a member. Null means
 * yes. Asked in this order, so that an outsider learns nothing about how a channel is set up.
 */
export function refusalOf({ author, channel, off }: Speaking): Refusal | null {
  if (author === null || author === 'unknown') return 'unknown-person';
  if (author === 'bot') return author;
  if (author !== 'member' && (channel === null || channel.kind === 'im' || (off && BECAUSE_OF_OUTSIDERS.has(off))))
    return author;
  if (channel === null) return 'unknown-channel';
  return off;
}
