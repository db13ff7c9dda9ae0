import { inTransaction, type Queryable } from '../../store/database.ts';
import { closeEntry } from '../../store/inbox.ts';
import { threadStatus } from '../../store/thread-status.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from '../delivery/known-entry.ts';
import { helpText } from './help.ts';
import { muteButton, setMute } from './mute.ts';
import type { OwnCommand } from './own-command.ts';
import { statusText } from './status.ts';
import { type Told, tellAlone } from './tell-alone.ts';

/** Answers a command without the model: none begins a turn. Who has asked is told alone, where Slack can. */
export async function answerCommand(
  dependencies: DeliveryDependencies,
  known: KnownEntry,
  command: OwnCommand,
): Promise<void> {
  const { database } = dependencies;
  const { row } = known;
  const read = await readEntry(dependencies, known);
  await inTransaction(database, async (db) => {
    if (!(await closeEntry(db, row.id, 'answered', read))) return;
    const told = await answerTo(dependencies, db, known, command);
    if (told) await tellAlone(db, row, `${row.id}/${command}`, told);
  });
}

async function answerTo(
  { identity, now, listenIn }: DeliveryDependencies,
  db: Queryable,
  { row, session, scope, author }: KnownEntry,
  command: OwnCommand,
): Promise<Told | null> {
  const isDirect = row.address === 'dm';
  switch (command) {
    case 'help':
      return { text: helpText(identity.botName, { isDirect, listen: await listenIn(scope) }) };
    case 'status': {
      const status = await threadStatus(db, session);
      const text = statusText(status, now());
      return status && !isDirect ? { text, buttons: [muteButton(session, status.muted)] } : { text };
    }
    case 'mute':
    case 'unmute': {
      if (isDirect) return { text: 'In a direct message every message is for me, so there is nothing to mute.' };
      const person = { id: row.author, name: author.name };
      const text = await setMute(db, {
        session,
        person,
        wanted: command === 'mute',
        key: `${session}/muted/${row.id}`,
      });
      return text === null ? null : { text };
    }
  }
}
