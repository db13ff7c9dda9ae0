import type { Change, Changes } from '../changes.ts';
import type { Sockets } from '../socket/sockets.ts';
import { type AppViews, shown } from '../views/views.ts';
import { broadcastMentions } from '../world/mentions.ts';
import type { Channel, Message, Person } from '../world/types.ts';
import { APP, TEAM } from '../world/workspace.ts';
import type { World } from '../world/world.ts';

/** What the page and the tests see of the workspace. Plain data in the simulator's own words. */
export interface Views {
  state(): Record<string, unknown>;
  message(message: Message): Record<string, unknown>;
  /** A change with what it is about, as it is now; null when that is gone again. */
  change(change: Change): unknown;
}

/** Shapes of `GET /_sim/state` and of the change stream; a deleted message keeps its place and loses its content. */
export function createViews(world: World, changes: Changes, sockets: Sockets, appViews: Pick<AppViews, 'all'>): Views {
  const app = () => ({ connected: sockets.open > 0, sockets: sockets.open });

  function message(one: Message): Record<string, unknown> {
    return {
      channel: one.channel,
      ts: one.ts,
      threadTs: one.threadTs,
      user: one.user,
      subtype: one.subtype,
      text: one.deleted ? '' : one.text,
      blocks: one.deleted ? [] : one.blocks,
      attachments: one.attachments,
      files: one.deleted ? [] : one.fileIds.flatMap((id) => fileView(id)),
      reactions: one.reactions,
      edited: one.edited,
      deleted: one.deleted,
      broadcast: one.broadcast,
      metadata: one.metadata,
      unfurlLinks: one.unfurlLinks,
      unfurlMedia: one.unfurlMedia,
      linkNames: one.linkNames,
      broadcastMentions: broadcastMentions(one),
      // A message that was kept by an older simulator has none.
      notified: one.notified ?? [],
    };
  }

  function fileView(id: string) {
    const file = world.files.get(id);
    if (file === undefined) return [];
    const { name, title, mimetype, size, user, altText } = file;
    return [{ id, name, title, mimetype, size, user, altText, path: `/_sim/files/${id}` }];
  }

  return {
    message,
    state: () => ({
      simulator: 'This is a simulator of Slack. Nothing here leaves this machine.',
      lastEventId: changes.lastId,
      team: TEAM,
      app: { id: APP.id, name: APP.name, userId: APP.userId, botId: APP.botId, ...app() },
      people: world.people.map(personView),
      channels: [...world.channels.values()].map(channelView),
      messages: [...world.messages.values()].flat().map(message),
      ephemerals: world.ephemerals,
      statuses: [...world.statuses.values()],
      titles: [...world.titles].map(([key, title]) => {
        const [channel, threadTs] = key.split(':');
        return { channel, threadTs, title };
      }),
      pinned: [...world.pinned.values()],
      views: appViews.all().map(shown),
    }),
    change(change) {
      const { channel, ts } = change.data as { channel?: string; ts?: string };
      if (change.type === 'app') return app();
      if (change.type === 'channel') {
        const found = world.channel(channel ?? '');
        return found ? channelView(found) : null;
      }
      if (change.type !== 'message') return change.data;
      const found = world.message(channel ?? '', ts ?? '');
      return found ? message(found) : null;
    },
  };
}

function personView({ id, name, realName, title, kind, teamId }: Person) {
  return { id, name, realName, title, kind, teamId };
}

function channelView({ id, name, kind, topic, isArchived, isExtShared, members }: Channel) {
  return { id, name, kind, topic, isArchived, isExtShared, members, appIsMember: members.includes(APP.userId) };
}
