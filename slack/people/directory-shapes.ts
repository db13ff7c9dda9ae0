import type { Channel, ChannelKind } from '../../store/channels.ts';
import type { AuthorClass } from '../../store/inbox.ts';
import type { Person } from '../../store/people.ts';
import type { SlackIdentity } from '../api/identity.ts';

/** The fields of Slack's `user` object that say who somebody is (docs.slack.dev, "User object"). */
export interface SlackUser {
  id?: string;
  team_id?: string;
  name?: string;
  deleted?: boolean;
  is_bot?: boolean;
  is_workflow_bot?: boolean;
  is_restricted?: boolean;
  is_ultra_restricted?: boolean;
  is_stranger?: boolean;
  is_invited_user?: boolean;
  updated?: number;
  enterprise_user?: { enterprise_id?: string };
  profile?: { display_name?: string; real_name?: string; title?: string };
  tz?: string;
}

/** The fields of a `conversation` object that say what it is (docs.slack.dev, "Conversation object"). */
export interface SlackConversation {
  id?: string;
  name?: string;
  is_member?: boolean;
  is_im?: boolean;
  is_mpim?: boolean;
  is_private?: boolean;
  is_group?: boolean;
  is_shared?: boolean;
  is_org_shared?: boolean;
  is_ext_shared?: boolean;
  is_pending_ext_shared?: boolean;
  pending_shared?: unknown[];
  topic?: { value?: string };
  purpose?: { value?: string };
}

const SLACKBOT = 'USLACKBOT';

/** Who may speak follows from this. In doubt it is the class that may not: an invited or deleted user is `unknown`. */
export function classOf(user: SlackUser, identity: SlackIdentity): AuthorClass {
  if (user.is_bot || user.is_workflow_bot || user.id === SLACKBOT) return 'bot';
  if (user.deleted || user.is_invited_user) return 'unknown';
  const sameOrganization = identity.enterprise !== null && user.enterprise_user?.enterprise_id === identity.enterprise;
  if (user.is_stranger || (user.team_id !== identity.team && !sameOrganization)) return 'external';
  return user.is_restricted || user.is_ultra_restricted ? 'guest' : 'member';
}

/** With the name that Slack shows; the id where there is none. */
export function personOf(user: SlackUser, id: string, identity: SlackIdentity): Person {
  const name = user.profile?.display_name || user.profile?.real_name || user.name || id;
  return {
    ...{ team: identity.team, id, name, class: classOf(user, identity), updated: Math.trunc(user.updated ?? 0) },
    ...{ title: user.profile?.title ?? '', zone: user.tz ?? '' },
  };
}

/** `external` also while an invitation to another organization is pending. */
export function channelOf(found: SlackConversation, id: string, identity: SlackIdentity): Omit<Channel, 'seenAt'> {
  const pending = found.is_pending_ext_shared || (found.pending_shared?.length ?? 0) > 0;
  const shared = found.is_ext_shared || (found.is_shared && !found.is_org_shared);
  return {
    ...{ team: identity.team, id, name: found.name ?? '', kind: kindOf(found), external: Boolean(pending || shared) },
    ...{ topic: found.topic?.value ?? '', purpose: found.purpose?.value ?? '' },
  };
}

function kindOf(found: SlackConversation): ChannelKind {
  if (found.is_im) return 'im';
  if (found.is_mpim) return 'mpim';
  return found.is_private || found.is_group ? 'private' : 'public';
}
