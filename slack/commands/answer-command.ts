import { inTransaction, type Queryable } from '../../store/database.ts';
import { closeEntry } from '../../store/inbox.ts';
import { schedulesIn } from '../../store/schedules.ts';
import { findSession } from '../../store/sessions.ts';
import { threadStatus } from '../../store/thread-status.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from '../delivery/known-entry.ts';
import { isOthers } from '../delivery/requester-threads.ts';
import { accessText } from './access.ts';
import { askToForget } from './forget.ts';
import { helpText } from './help.ts';
import { muteButton, setMute } from './mute.ts';
import type { OwnCommand } from './own-command.ts';
import { NO_SCHEDULES, schedulesText } from './schedules.ts';
import { statusText } from './status.ts';
import { type Told, tellAlone } from './tell-alone.ts';

const OWN_ACCOUNTS =
  'Here I use what you have connected yourself. Write `connections` to see it, or to connect an account.';

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
  { identity, now, listenIn, effective }: DeliveryDependencies,
  db: Queryable,
  known: KnownEntry,
  command: OwnCommand,
): Promise<Told | null> {
  const { row, session, scope, author, place } = known;
  const isDirect = row.address === 'dm';
  switch (command) {
    case 'unknown':
    case 'help': {
      const text = helpText(identity.botName, { isDirect, listen: await listenIn(scope) });
      return { text: command === 'help' ? text : `I know no such word, so I have done nothing.\n${text}` };
    }
    case 'status': {
      const status = await threadStatus(db, session);
      const text = statusText(status, now());
      const { owner } = (await findSession(db, session)) ?? { owner: null };
      const mayMute = !isDirect && !isOthers(owner, { row, author });
      return status && mayMute ? { text, buttons: [muteButton(session, status.muted)] } : { text };
    }
    case 'access': {
      const text = accessText({ label: place, scope }, await effective(scope));
      return { text: isDirect ? `${text}\n${OWN_ACCOUNTS}` : text };
    }
    case 'schedules': {
      const schedules = await schedulesIn(db, row.team, row.channel);
      return { text: schedules.length === 0 ? NO_SCHEDULES : schedulesText(schedules, now()) };
    }
    case 'forget':
      return askToForget(db, known);
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
