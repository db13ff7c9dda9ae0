import type { SeenMessage } from '../../contracts/slack-reading.ts';
import type { Queryable } from '../../store/database.ts';
import { findPerson } from '../../store/people.ts';
import { permalinkOf, type SlackIdentity } from '../api/identity.ts';
import { readableText } from '../delivery/plain-text.ts';
import type { Directory } from '../people/directory.ts';
import { fileKind } from '../receiving/file-of.ts';
import { STOP_ACTION } from '../receiving/incoming.ts';
import { messageText } from '../receiving/message-text.ts';
import { removeTokens } from '../receiving/remove-tokens.ts';
import { escapeText } from '../rendering/mrkdwn.ts';

/** The fields that are read of a message of a history. Everything in it comes from outside. */
export interface SlackMessage {
  readonly ts?: string;
  readonly thread_ts?: string;
  readonly subtype?: string;
  readonly user?: string;
  readonly bot_id?: string;
  readonly username?: string;
  readonly bot_profile?: { readonly name?: string };
  readonly reply_count?: number;
  readonly blocks?: unknown;
  readonly files?: unknown;
  readonly [field: string]: unknown;
}

export interface ShowMessagesOptions {
  readonly db: Queryable;
  readonly identity: SlackIdentity;
  readonly directory: Pick<Directory, 'person'>;
}

/** What Slack writes into a history by itself and nobody reads for what it says. */
const COMINGS_AND_GOINGS = new Set(['channel_join', 'channel_leave', 'group_join', 'group_leave']);

/** Whether a message says something: no comings and goings, and no line of ours about work that is still under way. */
export function saysSomething(message: SlackMessage, { botId }: Pick<SlackIdentity, 'botId'>): boolean {
  if (typeof message.ts !== 'string' || COMINGS_AND_GOINGS.has(message.subtype ?? '')) return false;
  return message.bot_id !== botId || !JSON.stringify(message.blocks ?? []).includes(`"${STOP_ACTION}"`);
}

/** Whether the agent itself wrote it. */
export function isOurs(message: SlackMessage, { botId, botUser }: SlackIdentity): boolean {
  return message.bot_id === botId || message.user === botUser;
}

/** Messages as a person reads them, each author looked up once. Tokens of known forms are removed, as from every message that comes in. */
export async function showMessages(
  options: ShowMessagesOptions,
  channel: string,
  messages: readonly SlackMessage[],
): Promise<SeenMessage[]> {
  const { db, identity } = options;
  const authors = new Map<string, Promise<Author>>();
  const authorOf = (message: SlackMessage): Promise<Author> => {
    const key = `${message.bot_id ?? ''}/${message.user ?? ''}`;
    const known = authors.get(key) ?? whoWrote(options, message);
    authors.set(key, known);
    return known;
  };
  return Promise.all(
    messages.map(async (message) => {
      const { ts = '', thread_ts: thread, reply_count: replies } = message;
      const { name, authorClass } = await authorOf(message);
      const written = message.subtype === 'tombstone' ? '(this message was deleted)' : removeTokens(wholeText(message));
      const isRoot = thread === undefined || thread === ts;
      return {
        ts,
        author: name,
        authorClass,
        text: await readableText(db, identity, written),
        ...(isRoot && replies ? { replies } : {}),
        link: permalinkOf(identity, channel, ts, thread),
      };
    }),
  );
}

/** With the names of its files, and links to what is no plain file. */
function wholeText(message: SlackMessage): string {
  const files = Array.isArray(message.files) ? (message.files as Record<string, unknown>[]) : [];
  const names = files.map((file) => {
    const kind = fileKind(file);
    const link = kind !== 'file' && typeof file.permalink === 'string' ? `, ${file.permalink}` : '';
    return `[${kind}: ${escapeText(`${file.name ?? file.title ?? 'without a name'}${link}`)}]`;
  });
  return [messageText({ ...message }), ...names].filter(Boolean).join('\n');
}

interface Author {
  readonly name: string;
  readonly authorClass: string;
}

async function whoWrote({ db, identity, directory }: ShowMessagesOptions, message: SlackMessage): Promise<Author> {
  if (isOurs(message, identity)) return { name: 'you', authorClass: 'agent' };
  const { user, bot_id: bot } = message;
  if (bot !== undefined || user === undefined) {
    const name = message.bot_profile?.name || message.username || user || bot || 'an app';
    return { name: oneLine(name), authorClass: 'bot' };
  }
  const known = await findPerson(db, identity.team, user);
  // Who is not known is asked for; where Slack does not answer soon, the id says enough.
  const person = known ?? (await directory.person(user).catch(() => null));
  return { name: oneLine(person?.name ?? user), authorClass: person?.class ?? 'unknown' };
}

function oneLine(name: string): string {
  return name.replace(/\s+/g, ' ').slice(0, 100);
}
