import { inTransaction, type Queryable } from '../../store/database.ts';
import { closeEntry } from '../../store/inbox.ts';
import { putMessage } from '../../store/outbox.ts';
import { personalConnectionsOf, removePersonalConnection } from '../../store/personal-connections.ts';
import { askForTest } from '../../store/personal-tests.ts';
import { tellAlone } from '../commands/tell-alone.ts';
import type { PersonalCommand } from '../personal/own-commands.ts';
import {
  connectionsText,
  connectText,
  disconnectedText,
  notOfferedText,
  type PersonalWords,
} from '../personal/words.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from './known-entry.ts';
import { TOKEN_SEEN } from './notices.ts';

/** Answers what a person says in their direct message about connections of their own. No turn begins. */
export async function answerPersonalCommand(
  dependencies: DeliveryDependencies,
  known: KnownEntry,
  command: PersonalCommand,
): Promise<void> {
  const { database, offers, callbackReach: reach } = dependencies;
  const { row } = known;
  const read = await readEntry(dependencies, known);
  const offered = await offers();
  const key = `${row.id}/own`;
  let tested = false;
  await inTransaction(database, async (db) => {
    if (!(await closeEntry(db, row.id, 'answered', read))) return;
    const words = await wordsFor(db);
    const target = { key, team: row.team, channel: row.channel, threadTs: row.threadTs };
    await putMessage(db, { ...target, body: { kind: 'notice', ...words }, final: command.verb !== 'test' || !tested });
  });

  async function wordsFor(db: Queryable): Promise<PersonalWords> {
    const owner = { team: row.team, person: row.author };
    if (command.verb === 'disconnect') {
      return { text: disconnectedText(command.name, await removePersonalConnection(db, owner, command.name)) };
    }
    const held = await personalConnectionsOf(db, owner);
    if (command.verb === 'connections') return connectionsText(offered, held, reach);
    if (command.verb === 'test' && held.some(({ connection }) => connection === command.name)) {
      tested = true;
      const asked = { key, ...owner, connection: command.name };
      await askForTest(db, asked, { channel: row.channel, threadTs: row.threadTs });
      return { text: `I am testing ${command.name}.` };
    }
    const offer = offered.find(({ name }) => name === command.name);
    if (!offer) return notOfferedText(command.name, offered);
    const isRenewal = held.some(({ connection }) => connection === offer.name);
    return connectText(offer, isRenewal, reach);
  }
}

/** Tells the author of a message that held a token, once, and nobody else. */
export async function warnOfToken({ database }: DeliveryDependencies, { row }: KnownEntry): Promise<void> {
  await tellAlone(database, row, `${row.id}/token`, { text: TOKEN_SEEN });
}
