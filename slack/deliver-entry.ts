import { type SessionId, sessionIdOf } from '../contracts/ids.ts';
import { channelScope, personScope, principalOf, type ScopeKey } from '../contracts/scope.ts';
import { type Database, inTransaction } from '../store/database.ts';
import {
  type AuthorClass,
  acceptEntry,
  closeEntry,
  type InboxRow,
  markSignalled,
  overtakeByStop,
  postponeEntry,
  spokenBefore,
} from '../store/inbox.ts';
import { lastAnswerAt, putMessage, putReaction, putStatus } from '../store/outbox.ts';
import { ensureSession } from '../store/sessions.ts';
import { threadStatus } from '../store/thread-status.ts';
import { isAddressed } from './addressing.ts';
import { commandOf, tagsOthers } from './commands.ts';
import type { Directory } from './directory.ts';
import { LookupUnavailable } from './errors.ts';
import { permalinkOf, type SlackIdentity } from './identity.ts';
import type { FileFetcher } from './incoming-files.ts';
import { helpText, NOTHING_TO_STOP, REFUSALS } from './notices.ts';
import { readableText } from './readable-text.ts';
import type { SessionSignals } from './session-signals.ts';
import { statusText } from './status-answer.ts';
import { type Refusal, refusalOf } from './who-may-speak.ts';

export interface DeliveryDependencies {
  readonly database: Database;
  readonly identity: SlackIdentity;
  readonly directory: Directory;
  readonly signals: SessionSignals;
  readonly fetchFiles: FileFetcher;
  /** Whether the applied access file lets the agent work in a scope. */
  readonly isEnabled: (scope: ScopeKey) => Promise<boolean>;
  readonly now: () => Date;
}

interface Known {
  readonly row: InboxRow;
  readonly session: SessionId;
  readonly scope: ScopeKey;
  readonly author: { readonly class: AuthorClass; readonly name: string } | null;
  /** `#ops`, or `direct message`. */
  readonly place: string;
  readonly refusal: Refusal | null;
}

/** Slack's directory is asked again for so long; then nobody can say who it is, and the message is refused. */
const LOOKUP_PATIENCE_MS = 60_000;
/** Fetching files may take longer than a claim lasts. */
const FILES_LEASE_MS = 60_000;

/**
 * Brings one inbox row to its end: refused, kept as context, answered by the gateway itself, or signalled to its
 * session. Every step may be repeated after a crash: what it writes has a key, and a signal only says "look".
 */
export async function deliverEntry(dependencies: DeliveryDependencies, row: InboxRow): Promise<void> {
  const known = await lookUp(dependencies, row);
  if (row.state === 'delivered') return signal(dependencies, known);
  if (known.refusal) return refuse(dependencies, known, known.refusal);
  if (row.kind === 'schedule') return accept(dependencies, known);
  if (row.kind === 'stop') return stop(dependencies, known);
  const command = row.address === 'thread' ? null : commandFor(dependencies.identity, row);
  if (command) return answer(dependencies, known, command);
  if (row.address === 'thread' && !(await isForUs(dependencies, row))) {
    return closeEntry(dependencies.database, row.id, 'context', await closing(dependencies, known));
  }
  return accept(dependencies, known);
}

async function lookUp(dependencies: DeliveryDependencies, row: InboxRow): Promise<Known> {
  const { directory, isEnabled, now } = dependencies;
  const session = sessionIdOf(row);
  const patient = now().getTime() - row.receivedAt.getTime() < LOOKUP_PATIENCE_MS;
  const asked = async <T>(question: Promise<T | null>): Promise<T | null> => {
    try {
      return await question;
    } catch (error) {
      if (error instanceof LookupUnavailable && !patient) return null;
      throw error;
    }
  };
  // The event itself said bot, or the row was made by a schedule of ours.
  const given = row.state === 'received' && row.authorClass !== 'unknown';
  const [person, channel] = await Promise.all([
    given ? { class: row.authorClass, name: row.author } : asked(directory.person(row.author)),
    asked(directory.channel(row.channel)),
  ]);
  const scope = row.address === 'dm' ? personScope(row.team, row.author) : channelScope(row.team, row.channel);
  // Whoever may speak may also stop, wherever that is.
  const anywhere = {
    author: person?.class ?? null,
    channel: { kind: 'public', external: false },
    enabled: true,
  } as const;
  const refusal =
    row.kind === 'stop' ? refusalOf(anywhere) : refusalOf({ ...anywhere, channel, enabled: await isEnabled(scope) });
  return {
    row,
    session,
    scope,
    author: person,
    place: channel?.kind === 'im' ? 'direct message' : `#${channel?.name || row.channel}`,
    refusal,
  };
}

/** In words, once for each thread and person (for a place: once for each place); then by a sign only. */
async function refuse({ database, identity }: DeliveryDependencies, known: Known, refusal: Refusal): Promise<void> {
  const { row, session } = known;
  const author = { authorClass: known.author?.class ?? 'unknown', text: row.text };
  // Nobody spoke to us: nothing to refuse, and its author's class goes with it.
  if (row.address === 'thread') return closeEntry(database, row.id, 'context', author);
  const ofPlace = refusal === 'group-dm' || refusal === 'disabled';
  const key = ofPlace ? `refusal/${refusal}/${row.team}/${row.channel}` : `refusal/${session}/${row.author}`;
  await inTransaction(database, async (db) => {
    const target = { key, team: identity.team, channel: row.channel, threadTs: row.threadTs };
    const first = await putMessage(db, { ...target, body: { kind: 'notice', text: REFUSALS[refusal] }, final: true });
    if (!first && ofPlace) {
      await putReaction(db, { ...target, key: `${row.id}/refused`, body: { ts: row.ts, name: 'no_entry_sign' } });
    }
    await closeEntry(db, row.id, 'refused', author);
  });
}

async function stop(dependencies: DeliveryDependencies, known: Known): Promise<void> {
  const { database, signals } = dependencies;
  const { row, session } = known;
  await overtakeByStop(database, row);
  const running = await signals.stop(session, { inboxId: row.id, by: row.author });
  const target = { team: row.team, channel: row.channel, threadTs: row.threadTs, session };
  await inTransaction(database, async (db) => {
    if (!running) {
      const body = { kind: 'notice', text: NOTHING_TO_STOP } as const;
      await putMessage(db, { ...target, key: `${row.id}/nothing-to-stop`, body, final: true });
    } else if (row.address !== 'button') {
      await putReaction(db, { ...target, key: `${row.id}/reaction`, body: { ts: row.ts, name: 'octagonal_sign' } });
    }
    await closeEntry(db, row.id, 'answered', { authorClass: known.author?.class ?? 'unknown', text: row.text });
  });
}

function commandFor(identity: SlackIdentity, row: InboxRow): 'status' | 'help' | null {
  if (row.files.length > 0) return null;
  const command = commandOf(row.text, identity.botUser);
  // A bare mention in a thread says "look at this"; on its own it asks what we are.
  if (command === 'help' && row.threadTs !== row.ts && !/help/i.test(row.text)) return null;
  return command === 'stop' ? null : command;
}

async function answer(dependencies: DeliveryDependencies, known: Known, command: 'status' | 'help'): Promise<void> {
  const { database, identity, now } = dependencies;
  const { row } = known;
  const text =
    command === 'help'
      ? helpText(identity.botName)
      : statusText(await threadStatus(database, row.team, row.channel, row.threadTs), now());
  const author = await closing(dependencies, known);
  await inTransaction(database, async (db) => {
    const target = { key: `${row.id}/${command}`, team: row.team, channel: row.channel, threadTs: row.threadTs };
    await putMessage(db, { ...target, body: { kind: 'notice', text }, final: true });
    await closeEntry(db, row.id, 'answered', author);
  });
}

async function isForUs({ database, identity }: DeliveryDependencies, row: InboxRow): Promise<boolean> {
  const [said, answeredAt] = await Promise.all([
    spokenBefore(database, row.team, row.channel, row.threadTs, row.ts),
    lastAnswerAt(database, row.team, row.channel, row.threadTs),
  ]);
  const message = {
    author: row.author,
    at: new Date(Number(row.ts) * 1_000),
    tagsOthers: tagsOthers(row.text, identity.botUser),
  };
  return isAddressed(message, { said, answeredAt });
}

async function accept(dependencies: DeliveryDependencies, known: Known): Promise<void> {
  const { database, identity, fetchFiles } = dependencies;
  const { row, session, scope } = known;
  let { files } = row;
  if (files.length > 0) {
    await postponeEntry(database, row.id, FILES_LEASE_MS);
    files = await fetchFiles(session, files);
  }
  const accepted = { ...(await closing(dependencies, known)), files };
  const permalink = permalinkOf(identity, row.channel, row.threadTs);
  await inTransaction(database, async (db) => {
    await ensureSession(db, { id: session, scope, principal: principalOf(scope), permalink });
    await acceptEntry(db, row.id, accepted);
  });
  await signal(dependencies, known);
}

async function signal({ database, signals, identity }: DeliveryDependencies, known: Known): Promise<void> {
  const { row, session, scope } = known;
  const message = { inboxId: row.id };
  const open = row.address === 'thread' && (await signals.message(session, message));
  if (!open) {
    const start = {
      session,
      team: row.team,
      channel: row.channel,
      scope,
      requester: row.author,
      permalink: permalinkOf(identity, row.channel, row.threadTs),
      summary: `${known.place} · ${known.author?.name ?? row.author}`,
    };
    await signals.start(start, message);
  }
  const target = { team: row.team, channel: row.channel, threadTs: row.threadTs, session };
  await inTransaction(database, async (db) => {
    await markSignalled(db, row.id);
    if (row.kind === 'schedule') return;
    await putReaction(db, { ...target, key: `${row.id}/reaction`, body: { ts: row.ts, name: 'eyes' } });
    await putStatus(db, { ...target, key: `${row.id}/status`, body: { status: 'is getting to work…' } });
  });
}

async function closing(
  { database, identity }: DeliveryDependencies,
  { row, author }: Known,
): Promise<{ authorClass: AuthorClass; text: string }> {
  // A prompt of the access file is not Slack's markup.
  if (row.kind === 'schedule') return { authorClass: row.authorClass, text: row.text };
  return { authorClass: author?.class ?? 'unknown', text: await readableText(database, identity, row.text) };
}
