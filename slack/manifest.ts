import { stringify } from 'yaml';

/** What Bellhop does with each scope is in docs/your-own-slack.md. */
const BOT_SCOPES = [
  'app_mentions:read',
  'assistant:write',
  'channels:history',
  'channels:read',
  'chat:write',
  'files:read',
  'files:write',
  'groups:history',
  'groups:read',
  'im:history',
  'im:read',
  'mpim:history',
  'mpim:read',
  'pins:read',
  'reactions:read',
  'reactions:write',
  'users:read',
] as const;

const BOT_EVENTS = [
  'app_home_opened',
  'app_mention',
  'channel_rename',
  'channel_shared',
  'channel_unshared',
  'group_rename',
  'member_joined_channel',
  'member_left_channel',
  'message.channels',
  'message.groups',
  'message.im',
  'message.mpim',
  'reaction_added',
  'user_change',
] as const;

export type ManifestFormat = 'yaml' | 'json';

/** The app as Slack is to create it ("Create New App", "From a manifest"; docs.slack.dev, "App manifest reference"). */
export function slackManifest(name: string): Record<string, unknown> {
  return {
    display_information: {
      name,
      description: 'A team agent that works in threads, in a sandbox of your own',
      background_color: '#2f3e46',
    },
    features: {
      app_home: { home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: false },
      bot_user: { display_name: name, always_online: true },
      agent_view: { agent_description: 'Tag it in a channel, or write to it here, with what you want done.' },
    },
    oauth_config: { scopes: { bot: [...BOT_SCOPES] } },
    settings: {
      event_subscriptions: { bot_events: [...BOT_EVENTS] },
      interactivity: { is_enabled: true },
      org_deploy_enabled: false,
      socket_mode_enabled: true,
      token_rotation_enabled: false,
    },
  };
}

/** @param name what the agent is called in Slack */
export function printManifest(name: string, format: ManifestFormat): string {
  const manifest = slackManifest(name);
  return format === 'json' ? `${JSON.stringify(manifest, null, 2)}\n` : stringify(manifest);
}
