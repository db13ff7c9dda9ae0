/** In a thread that works in a person's name, its owner confirms what another person asks for, where the channel says `others: ask`. */
import type { SessionId } from '../../contracts/ids.ts';
import type { AskedQuestion } from '../../contracts/questions.ts';
import { type Database, inTransaction, type Queryable } from '../../store/database.ts';
import { noteConfirmed } from '../../store/held-back.ts';
import { confirmEntry } from '../../store/inbox.ts';
import { askQuestion, isOpen, type StoredQuestion } from '../../store/questions.ts';
import { lockSession } from '../../store/turn-fence.ts';
import { fitsCard } from '../rendering/render-message.ts';
import type { KnownEntry } from './known-entry.ts';

const CONFIRM_WITHIN_MS = 3_600_000;
const CONFIRMATION = 'confirm/';

/**
 * The card for the owner: all that the agent would read, and the names of the files. Each line of it is marked as somebody else's. Null when
 * that does not fit the card. Then the owner may not be asked, because they would confirm words that they do not see.
 *
 * @param said what the agent would read
 */
export function confirmationOf({ row, author }: KnownEntry, said: string, owner: string): AskedQuestion | null {
  const name = oneLine(author.name);
  const files = row.files.map((file) => `> [file: ${oneLine(file.name)}]`);
  const lines = said === '' ? [] : said.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/).map((line) => `> ${line}`);
  const text = [
    `${name} asks for something in a thread that works in your name:`,
    ...lines,
    ...files,
    'Shall I do it, with your connections?',
  ].join('\n');
  if (!fitsCard(text)) return null;
  return {
    name: `${CONFIRMATION}${row.author}`,
    text,
    about: `What ${name} asked for`,
    answerer: { person: owner },
    choices: [
      { id: 'yes', label: 'Do it in my name', style: 'primary' },
      { id: 'no', label: 'No' },
    ],
    shown: 'thread',
  };
}

function oneLine(words: string): string {
  return words.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}

/**
 * Asks the owner, unless another question of the same person is still open in this thread: nobody can fill a thread with cards. False then.
 * Call it with the session locked.
 */
export async function askOwner(
  db: Queryable,
  { row, session }: { readonly row: { readonly id: string }; readonly session: SessionId },
  question: AskedQuestion,
): Promise<boolean> {
  if (await isOpen(db, session, question.name)) return false;
  const key = `${session}/${CONFIRMATION}${row.id}`;
  await askQuestion(db, { session, turn: null, key, question, withinMs: CONFIRM_WITHIN_MS });
  return true;
}

/** What the owner has confirmed is delivered as if they had said it. Repeating it changes nothing. */
export async function settleConfirmation(
  database: Database,
  { key, session, choice, by }: StoredQuestion,
): Promise<void> {
  const id = key.slice(`${session}/${CONFIRMATION}`.length);
  if (choice !== 'yes' || by === null || !key.startsWith(`${session}/${CONFIRMATION}`)) return;
  await inTransaction(database, async (db) => {
    const locked = await lockSession(db, session);
    if (locked === null || !(await confirmEntry(db, id, by))) return;
    await noteConfirmed(db, session, id);
  });
}
