import type { Channel } from '../world/types.ts';
import { APP, OTHER_TEAM, TEAM } from '../world/workspace.ts';

/** A conversation object as `conversations.info` gives it to the app (docs.slack.dev/reference/objects/conversation-object). */
export function channelObject(channel: Channel): Record<string, unknown> {
  const shared = {
    is_ext_shared: channel.isExtShared,
    is_shared: channel.isExtShared,
    is_org_shared: false,
    is_pending_ext_shared: false,
  };
  if (channel.kind === 'im') {
    return {
      id: channel.id,
      created: channel.created,
      is_im: true,
      is_archived: false,
      user: channel.members.find((member) => member !== APP.userId),
      is_user_deleted: false,
      priority: 0,
      context_team_id: TEAM.id,
      ...shared,
    };
  }
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: channel.kind === 'public',
    is_group: channel.kind === 'private',
    is_im: false,
    is_mpim: channel.kind === 'mpim',
    is_private: channel.kind !== 'public',
    created: channel.created,
    creator: 'U0000000ADA',
    is_archived: channel.isArchived,
    is_general: channel.isGeneral,
    is_member: channel.members.includes(APP.userId),
    unlinked: 0,
    ...shared,
    pending_shared: [],
    context_team_id: TEAM.id,
    shared_team_ids: channel.isExtShared ? [TEAM.id, OTHER_TEAM.id] : [TEAM.id],
    ...(channel.isExtShared ? { connected_team_ids: [OTHER_TEAM.id] } : {}),
    updated: channel.created * 1000,
    topic: { value: channel.topic, creator: '', last_set: 0 },
    purpose: { value: channel.topic, creator: '', last_set: 0 },
    previous_names: [],
    num_members: channel.members.length,
  };
}

/** The `channel_type` of events in this conversation. */
export function channelType(channel: Channel): 'channel' | 'group' | 'im' | 'mpim' {
  if (channel.kind === 'public') return 'channel';
  return channel.kind === 'private' ? 'group' : channel.kind;
}
