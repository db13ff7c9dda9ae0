/**
 * Threads that work in a person's name: those of a channel with `identity: requester`, and those of other channels in which a person has
 * allowed the agent to use a connection of theirs. Only this person, its owner, goes on in such a thread.
 */
import { type Principal, personScope, principalOf, scopeKind } from '../../contracts/scope.ts';
import { inTransaction } from '../../store/database.ts';
import { noteHeldBack } from '../../store/held-back.ts';
import { closeEntry } from '../../store/inbox.ts';
import { personalConnectionsOf } from '../../store/personal-connections.ts';
import { findSession, type Session } from '../../store/sessions.ts';
import { lockSession } from '../../store/turn-fence.ts';
import { isHarmless, ownCommandOf } from '../commands/own-command.ts';
import { tellAlone } from '../commands/tell-alone.ts';
import { titleOf } from '../personal/words.ts';
import { holdsRemovedToken } from '../receiving/remove-tokens.ts';
import { askOwner, confirmationOf } from './confirmations.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from './known-entry.ts';
import { warnOfToken } from './personal-answers.ts';

/** Whom a new session acts as, and whose it is. */
export interface Acting {
  readonly principal: Principal;
  /** Null: nobody's. */
  readonly owner: string | null;
}

/** For a thread without a session: a person who begins one in a channel with `identity: requester` is its owner. A schedule is no person. */
export async function actingAs({ requesterChannel }: DeliveryDependencies, known: KnownEntry): Promise<Acting> {
  const { row, scope, author } = known;
  const channel = row.kind === 'message' && author.class === 'member' ? await requesterChannel(scope) : null;
  if (!channel) return { principal: principalOf(scope), owner: null };
  return { principal: personScope(row.team, row.author) as Principal, owner: row.author };
}

/** Whether only somebody else is heard in a session with this owner. What an app posts as the owner is not theirs. */
export function isOthers(owner: string | null, { row, author }: Pick<KnownEntry, 'row' | 'author'>): boolean {
  if (owner === null || row.confirmedBy === owner) return false;
  return row.author !== owner || author.class === 'bot';
}

/**
 * Keeps an entry from a thread that is not its author's, or that began while its channel worked another way. The entry is recorded, and no model
 * reads it. An author who has asked for something is told why, once, and nobody else is. Where the channel says `others: ask`, the owner is asked.
 * @returns true when the entry was held back, so that nothing else is done with it
 */
export async function heldBack(dependencies: DeliveryDependencies, known: KnownEntry): Promise<boolean> {
  const { database } = dependencies;
  const { row, session: id, scope, author } = known;
  if (row.kind !== 'message' || scopeKind(scope) !== 'channel') return false;
  const session = await findSession(database, id);
  if (!session) return false;
  const channel = await dependencies.requesterChannel(scope);
  const { owner } = session;
  const asPerson = session.principal.startsWith('person:');
  if (owner !== null && isOthers(owner, known)) {
    // `status` and `help` are answered from PostgreSQL, and no model reads them.
    const command = ownCommandOf(dependencies.identity, row);
    if (known.refusal === null && row.address !== 'thread' && command && isHarmless(command)) return false;
    if (holdsRemovedToken(row.text)) await warnOfToken(dependencies, known);
    // Talk that asks for nothing is not told to anybody. A bot and a guest are refused in their own words.
    const asks = row.address === 'mention' && known.refusal === null;
    const mayAsk = asks && asPerson && channel?.others === 'ask';
    const question = mayAsk ? confirmationOf(known, (await readEntry(dependencies, known)).text, owner) : null;
    await inTransaction(database, async (db) => {
      await lockSession(db, id);
      if (!(await closeEntry(db, row.id, 'refused', { authorClass: author.class, text: row.text }))) return;
      const kind = author.class === 'bot' ? 'bot' : row.files.length > 0 ? 'file' : 'message';
      await noteHeldBack(db, { session: id, owner, actor: row.author, kind, ts: row.ts });
      if (mayAsk && question === null)
        await tell(db, known, `${row.id}/too-long`, await tooLong(dependencies, session));
      else if (question !== null && (await askOwner(db, known, question))) return;
      else if (asks) await tell(db, known, `held-back/${id}/${row.author}`, await notYours(dependencies, session));
    });
    return true;
  }
  const began = asPerson ? 'requester' : 'agent';
  const works = channel ? 'requester' : 'agent';
  if (began === works || (owner !== null && !asPerson)) return false;
  await inTransaction(database, async (db) => {
    if (!(await closeEntry(db, row.id, 'refused', { authorClass: author.class, text: row.text }))) return;
    if (row.address === 'mention') await tell(db, known, `began-otherwise/${id}/${row.author}`, BEGAN[began]);
  });
  return true;
}

const BEGAN = {
  agent:
    'This thread began without anybody in whose name I could work, and in this channel I act as the person who begins a thread. So I do not go on here: mention me in a new message.',
  requester:
    'This thread began in the name of a person, and in this channel I act as myself by now. So I do not go on here: mention me in a new message.',
} as const;

async function nameOfOwner({ directory }: DeliveryDependencies, { owner }: Session): Promise<string> {
  return (await directory.person(owner ?? '').catch(() => null))?.name ?? 'somebody else';
}

async function tooLong(dependencies: DeliveryDependencies, session: Session): Promise<string> {
  const name = await nameOfOwner(dependencies, session);
  return `In this thread I act as ${name}, who would have to confirm what you ask for. Your message is too long to be shown to them whole, so I have neither read it nor asked them. Say it again in fewer words, with fewer files and nothing forwarded.`;
}

async function notYours(dependencies: DeliveryDependencies, session: Session): Promise<string> {
  const name = await nameOfOwner(dependencies, session);
  const { principal } = session;
  const why = principal.startsWith('person:')
    ? `In this thread I act as ${name}, with connections of their own`
    : `In this thread I was allowed to use a connection that is ${name}'s own`;
  return `${why}. So only they give me work here, and I have not read your message. Mention me in a new message to begin a thread of yours.`;
}

type Tx = Parameters<typeof closeEntry>[0];

async function tell(db: Tx, { row }: KnownEntry, key: string, text: string): Promise<void> {
  await tellAlone(db, row, key, { text });
}

/**
 * In a channel with `identity: requester`, somebody who lacks a connection is told how to add it.
 * @returns true when somebody was told, so that nothing else is done with the entry
 */
export async function lacksConnection(dependencies: DeliveryDependencies, known: KnownEntry): Promise<boolean> {
  const { database, requesterChannel } = dependencies;
  const { row, scope, author } = known;
  if (row.kind !== 'message' || scopeKind(scope) !== 'channel') return false;
  const channel = await requesterChannel(scope);
  if (!channel) return false;
  const person = row.confirmedBy ?? row.author;
  const held = new Set(
    (await personalConnectionsOf(database, { team: row.team, person })).map((each) => each.connection),
  );
  const missing = channel.offers.filter(({ name }) => !held.has(name));
  if (missing.length === 0 && channel.offers.length > 0) return false;
  if (!channel.needsAll && missing.length < channel.offers.length) return false;
  await inTransaction(database, async (db) => {
    if (!(await closeEntry(db, row.id, 'answered', { authorClass: author.class, text: row.text }))) return;
    const how = missing.map(({ name }) => `\`connect ${name}\``).join(channel.needsAll ? ' and ' : ' or ');
    const names = missing.map(titleOf).join(channel.needsAll ? ' and ' : ' or ');
    const text =
      channel.offers.length === 0
        ? `In ${channel.label} I act as the person who asks me, with connections of their own, and there is nothing that people can connect. Ask an administrator for \`people: { offer: [github] }\`.`
        : `In ${channel.label} I act as you, with connections of your own. You have not connected ${names}: write ${how} to me in a direct message, then ask me here again.`;
    await tell(db, known, `${row.id}/connect`, text);
  });
  return true;
}
