/** What the Slack simulator's control API says (simulators/slack/README.md), read into the page's words. */
import { z } from 'zod';
import type {
  PersonKind,
  SlackBlock,
  SlackChange,
  SlackChannel,
  SlackMessage,
  SlackStatus,
  SlackView,
  SlackWorkspace,
} from '../contract/slack.ts';

const block = z.looseObject({ type: z.string() });

const file = z.object({
  id: z.string(),
  name: z.string(),
  mimetype: z.string(),
  size: z.number(),
  altText: z.string().nullish(),
});

const message = z.object({
  channel: z.string(),
  ts: z.string(),
  threadTs: z.string().nullable(),
  user: z.string(),
  subtype: z.string().nullable(),
  text: z.string(),
  blocks: z.array(block),
  files: z.array(file),
  reactions: z.array(z.object({ name: z.string(), users: z.array(z.string()) })),
  edited: z.unknown(),
  deleted: z.boolean(),
});

const ephemeral = z.object({
  channel: z.string(),
  ts: z.string(),
  threadTs: z.string().nullable(),
  user: z.string(),
  visibleTo: z.string(),
  text: z.string(),
  blocks: z.array(block),
});

const channel = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['public', 'private', 'im', 'mpim']),
  topic: z.string(),
  isArchived: z.boolean(),
  members: z.array(z.string()),
});

const person = z.object({
  id: z.string(),
  name: z.string(),
  realName: z.string(),
  title: z.string(),
  kind: z.string(),
});

const status = z.object({ channel: z.string(), threadTs: z.string(), status: z.string() });
const place = z.object({ channel: z.string(), ts: z.string() });
const app = z.object({ connected: z.boolean() });
const view = z.object({
  id: z.string(),
  type: z.enum(['modal', 'home']),
  user: z.string(),
  title: z.string().nullable(),
  submit: z.string().nullable(),
  close: z.string().nullable(),
  blocks: z.array(block),
  errors: z.record(z.string(), z.string()),
});
const closed = z.object({ id: z.string() });

const state = z.object({
  lastEventId: z.number(),
  team: z.object({ id: z.string(), name: z.string() }),
  app: app.extend({ userId: z.string() }),
  people: z.array(person),
  channels: z.array(channel),
  messages: z.array(message),
  ephemerals: z.array(ephemeral),
  statuses: z.array(status),
  views: z.array(view),
});

const KINDS: Readonly<Record<string, PersonKind>> = {
  member: 'member',
  admin: 'member',
  guest: 'guest',
  'single-channel-guest': 'guest',
  stranger: 'external',
};

/** The whole workspace, and the number of the last change that is in it. */
export function toWorkspace(value: unknown): { workspace: SlackWorkspace; lastEventId: number } {
  const read = state.parse(value);
  const messages = [...read.messages.map(toMessage), ...read.ephemerals.map(toEphemeral)];
  return {
    lastEventId: read.lastEventId,
    workspace: {
      team: read.team,
      app: read.app.userId,
      connected: read.app.connected,
      people: read.people.map(({ kind, ...rest }) => ({ ...rest, kind: KINDS[kind] ?? 'bot' })),
      channels: read.channels.map(toChannel),
      messages: messages.sort((a, b) => (a.ts < b.ts ? -1 : 1)),
      statuses: read.statuses satisfies SlackStatus[],
      views: read.views satisfies SlackView[],
    },
  };
}

/** Null for a change that the page has no use for. */
export function toChange(type: string, data: unknown): SlackChange | null {
  switch (type) {
    case 'message':
      return { type: 'message', message: toMessage(message.parse(data)) };
    case 'ephemeral':
      return { type: 'message', message: toEphemeral(ephemeral.parse(data)) };
    case 'message-removed':
    case 'ephemeral-removed':
      return { type: 'removed', ...place.parse(data) };
    case 'status':
      return { type: 'status', status: status.parse(data) };
    case 'channel':
      return { type: 'channel', channel: toChannel(channel.parse(data)) };
    case 'view':
      return { type: 'view', view: view.parse(data) };
    case 'view-closed':
      return { type: 'view-closed', ...closed.parse(data) };
    case 'app':
      return { type: 'connected', connected: app.parse(data).connected };
    default:
      return null;
  }
}

function toChannel({ isArchived, ...rest }: z.infer<typeof channel>): SlackChannel {
  return { ...rest, archived: isArchived };
}

function toMessage({ subtype, edited, files, ...rest }: z.infer<typeof message>): SlackMessage {
  return {
    ...rest,
    files: files.map((each) => ({ ...each, altText: each.altText ?? null })),
    edited: edited !== null && edited !== undefined,
    system: subtype === 'channel_join' || subtype === 'channel_leave',
    visibleTo: null,
  };
}

function toEphemeral(read: z.infer<typeof ephemeral>): SlackMessage {
  return {
    ...read,
    blocks: read.blocks satisfies SlackBlock[],
    files: [],
    reactions: [],
    edited: false,
    deleted: false,
    system: false,
  };
}
