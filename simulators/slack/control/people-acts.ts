import type { z } from 'zod';
import type { Changes } from '../changes.ts';
import type { AppEvents } from '../events/app-events.ts';
import type { FileStore } from '../files/file-store.ts';
import type { Conversations } from '../operations/conversations.ts';
import type { Messages } from '../operations/messages.ts';
import { userObject } from '../shapes/person.ts';
import { mentionedUsers } from '../world/mentions.ts';
import type { Message, Person } from '../world/types.ts';
import { APP } from '../world/workspace.ts';
import type { World } from '../world/world.ts';
import { asSlackClientSends } from './composer.ts';
import { ControlError } from './errors.ts';
import { actorNamed, channelNamed, channelOf, messageAt, parentAt, personNamed } from './lookups.ts';
import type {
  channelRequest,
  classRequest,
  deleteRequest,
  editRequest,
  homeRequest,
  memberRequest,
  messageRequest,
  openDmRequest,
  reactionRequest,
} from './requests.ts';

export interface PeopleActsDependencies {
  readonly world: World;
  readonly changes: Changes;
  readonly events: AppEvents;
  readonly messages: Messages;
  readonly conversations: Conversations;
  readonly files: FileStore;
}

/** What people do in the workspace, as the page's user or a test says. */
export interface PeopleActs {
  post(request: z.infer<typeof messageRequest>): Message;
  edit(request: z.infer<typeof editRequest>): Message;
  remove(request: z.infer<typeof deleteRequest>): void;
  react(request: z.infer<typeof reactionRequest>): Message;
  openDm(request: z.infer<typeof openDmRequest>): { readonly channel: string };
  changeMember(request: z.infer<typeof memberRequest>): void;
  /** An administrator archives a channel, or lets only some people post there. */
  changeChannel(request: z.infer<typeof channelRequest>): void;
  /** An administrator ends the account of this person. */
  deactivate(request: z.infer<typeof homeRequest>): void;
  /** An administrator makes somebody a guest, or a member. */
  classify(request: z.infer<typeof classRequest>): void;
}

/**
 * What people do goes the same way as what the app does: it changes the world, and the app is told of it as Slack
 * would.
 */
export function createPeopleActs(dependencies: PeopleActsDependencies): PeopleActs {
  const { world, changes, events, messages, conversations, files } = dependencies;

  const written = (text: string, raw: boolean) => (raw ? text : asSlackClientSends(text, world));

  function ownMessage(person: Person, channelName: string, ts: string): Message {
    const message = messageAt(world, channelOf(world, person, channelName), ts);
    if (message.user === person.id) return message;
    throw new ControlError('not_the_author', `${person.name} did not write this message.`);
  }

  /** Slack tells the writer, and only the writer, that the mentioned app is not there to hear it. */
  function tellAbsence(message: Message): void {
    const channel = world.channel(message.channel);
    if (!mentionedUsers(message.text).includes(APP.userId) || channel?.members.includes(APP.userId)) return;
    const text = `You mentioned <@${APP.userId}>, but they're not in this channel. Invite them to let them see it.`;
    const place = { channel: message.channel, ts: world.nextTs(), threadTs: message.threadTs };
    const ephemeral = { ...place, user: 'USLACKBOT', visibleTo: message.user, text, blocks: [] };
    world.ephemerals.push(ephemeral);
    changes.add('ephemeral', ephemeral);
  }

  return {
    post(request) {
      const person = actorNamed(world, request.as);
      const channel = channelOf(world, person, request.channel);
      if (channel.isArchived) throw new ControlError('not_possible', `${channel.name} is archived.`);
      const { blocks, attachments } = request;
      if (request.text.trim() === '' && request.files.length + blocks.length + attachments.length === 0) {
        throw new ControlError('bad_request', 'A message needs text or a file.');
      }
      const parent = request.thread_ts === undefined ? null : parentAt(world, channel, request.thread_ts);
      const attached = request.files.map(({ name, contentBase64, idOnly }) =>
        files.add({ name, user: person.id, idOnly }, Buffer.from(contentBase64, 'base64')),
      );
      const message = messages.post({
        channel: channel.id,
        user: person.id,
        text: written(request.text, request.raw),
        blocks,
        attachments,
        threadTs: parent === null ? null : (parent.threadTs ?? parent.ts),
        fileIds: attached.map((file) => file.id),
        subtype: attached.length > 0 ? 'file_share' : null,
      });
      tellAbsence(message);
      return message;
    },
    edit(request) {
      const person = actorNamed(world, request.as);
      const message = ownMessage(person, request.channel, request.ts);
      messages.edit(message, person.id, { text: written(request.text, request.raw), blocks: [], marked: true });
      return message;
    },
    remove(request) {
      const person = actorNamed(world, request.as);
      messages.remove(ownMessage(person, request.channel, request.ts));
    },
    react(request) {
      const person = actorNamed(world, request.as);
      const message = messageAt(world, channelOf(world, person, request.channel), request.ts);
      const name = request.name.replaceAll(':', '');
      if (request.remove) messages.unreact(message, person.id, name);
      else messages.react(message, person.id, name);
      return message;
    },
    openDm(request) {
      const people = [request.as, ...request.with].map((name) => personNamed(world, name));
      const [first] = people;
      if (first === undefined || people.some((one) => one.kind === 'bot' || one.kind === 'slackbot')) {
        throw new ControlError('not_possible', 'Only people open direct messages with the app.');
      }
      if (people.length > 1) return { channel: conversations.openGroup(people.map((one) => one.id)).channel.id };
      const { channel } = conversations.openDm(first.id);
      events.homeOpened(channel, first.id, 'messages');
      return { channel: channel.id };
    },
    changeChannel({ channel: name, archived, restricted, kind }) {
      const channel = channelNamed(world, name);
      if (archived !== undefined) channel.isArchived = archived;
      if (restricted !== undefined) channel.isRestricted = restricted;
      if (kind !== undefined && kind !== channel.kind) {
        channel.kind = kind;
        // docs.slack.dev, channel_convert_to_private and channel_convert_to_public: a message in the channel tells of it.
        const text = kind === 'private' ? 'made this channel *private*.' : 'made this channel *public*.';
        const user = channel.members.find((id) => world.person(id)?.bot === null) ?? APP.userId;
        messages.post({ channel: channel.id, user, text, subtype: `channel_convert_to_${kind}` });
      }
      changes.add('channel', { channel: channel.id });
    },
    deactivate({ as }) {
      const person = personNamed(world, as);
      world.deactivated.add(person.id);
      events.userChanged(userObject(person, true));
    },
    classify({ user, kind }) {
      const person = personNamed(world, user);
      person.kind = kind;
      person.changes = (person.changes ?? 0) + 1;
      events.userChanged(userObject(person, world.deactivated.has(person.id)));
    },
    changeMember(request) {
      const by = actorNamed(world, request.as);
      const user = personNamed(world, request.user);
      const channel = channelNamed(world, request.channel);
      if (channel.kind === 'im' || channel.kind === 'mpim') {
        throw new ControlError('not_possible', 'Nobody joins or leaves a direct message.');
      }
      const isMember = channel.members.includes(user.id);
      if (request.action === 'join' && !isMember) conversations.join(channel, user.id, by.id);
      if (request.action === 'leave' && isMember) conversations.leave(channel, user.id);
    },
  };
}
