import type { App } from '@slack/bolt';
import type { Directory } from './directory.ts';

/** What we believe about people and channels ends when Slack says that it changed. */
export function listenForDirectoryChanges(app: App, directory: Directory): void {
  app.event('user_change', ({ event }) => directory.forgetPerson(event.user.id));
  app.event('channel_rename', ({ event }) => directory.forgetChannel(event.channel.id));
  app.event('group_rename', ({ event }) => directory.forgetChannel(event.channel.id));
  app.event('channel_shared', ({ event }) => directory.forgetChannel(event.channel));
  app.event('channel_unshared', ({ event }) => directory.forgetChannel(event.channel));
  app.event('member_joined_channel', ({ event }) => directory.forgetChannel(event.channel));
}
