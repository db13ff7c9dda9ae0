import { didYouMean, nearNames } from '../../access/near-names.ts';
import { inTransaction } from '../../store/database.ts';
import { closeEntry, type InboxRow } from '../../store/inbox.ts';
import { putMessage } from '../../store/outbox.ts';
import { chooseThreadModel } from '../../store/thread-models.ts';
import type { SlackIdentity } from '../api/identity.ts';
import { tellAlone } from '../commands/tell-alone.ts';
import { commandWords } from '../personal/own-commands.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from './known-entry.ts';

/** What may be chosen in a place, and all that the access file names. */
export interface ModelChoices {
  readonly choices: readonly string[];
  readonly known: readonly string[];
}

export interface WantedModel {
  /** Null for a look at what there is. `usual` gives the choice back. */
  readonly name: string | null;
  /** It begins with `!`, so it can be nothing else. */
  readonly marked: boolean;
}

export interface ModelChoice extends WantedModel, ModelChoices {}

const HERE = /^use (?:the )?(?:model )?([a-z0-9-]{1,64})(?: model)? (?:here|(?:in|for) this thread)$/;
const MARKED = /^! ?use(?: (?:the )?(?:model )?([a-z0-9-]{1,64})(?: model)?(?: here|(?: in| for) this thread)?)?$/;

/** What people call a thing that they have just spoken of. */
const PRONOUN = /^(?:it|this|that|these|those|them)$/;
/** Two letters that differ make most shorter words alike. */
const SHORTEST_TYPO = 4;

/** The model that a message, and nothing else, wants: `use large here`, `!use large`. Not `use large type here`. */
export function wantedModel({ botUser }: SlackIdentity, row: InboxRow): WantedModel | null {
  if (row.kind !== 'message' || row.files.length > 0) return null;
  const words = commandWords(row.text, botUser);
  if (words === null) return null;
  const marked = MARKED.exec(words);
  if (marked) return { name: marked[1] ?? null, marked: true };
  const [, name] = HERE.exec(words) ?? [];
  return name === undefined ? null : { name, marked: false };
}

/**
 * Null when the words may just as well be talk: people write "use docker here" to the agent where no model can be chosen, and to each
 * other anywhere. A word that is nearly the name of a model counts as a typo of it, also where nobody has mentioned the agent.
 */
export function choiceAmong(
  { address }: Pick<InboxRow, 'address'>,
  wanted: WantedModel,
  { choices, known }: ModelChoices,
): ModelChoice | null {
  const { name, marked } = wanted;
  const isMeant =
    marked ||
    name === null ||
    known.includes(name) ||
    (choices.length > 0 && name === 'usual') ||
    (choices.length > 0 && !PRONOUN.test(name) && (address !== 'thread' || isTypo(name, choices)));
  return isMeant ? { ...wanted, choices, known } : null;
}

function isTypo(name: string, choices: readonly string[]): boolean {
  return name.length >= SHORTEST_TYPO && nearNames(name, [...choices, 'usual']).length > 0;
}

/** Answers it without the model: no turn begins, and one under way goes on as it began. */
export async function answerUseModel(
  dependencies: DeliveryDependencies,
  entry: KnownEntry,
  { name, choices, known }: ModelChoice,
): Promise<void> {
  const { row, session } = entry;
  // A model that is called so is meant by its name.
  const usual = name === 'usual' && !known.includes(name);
  const isChosen = name !== null && (usual || choices.includes(name));
  const text = isChosen ? chosenText(usual ? null : name) : choicesText(name, { choices, known });
  const read = await readEntry(dependencies, entry);
  await inTransaction(dependencies.database, async (db) => {
    if (!(await closeEntry(db, row.id, 'answered', read))) return;
    if (isChosen) await chooseThreadModel(db, session, usual ? null : name, row.author);
    const key = `${row.id}/use`;
    // A choice is everybody's in the thread. What can be chosen only concerns who asks.
    if (!isChosen) return tellAlone(db, row, key, { text });
    const target = { key, team: row.team, channel: row.channel, threadTs: row.threadTs };
    await putMessage(db, { ...target, body: { kind: 'notice', text, for: row.author }, final: true });
  });
}

function chosenText(name: string | null): string {
  if (name === null) return 'From the next turn on, the usual model answers in this thread.';
  return `From the next turn on, the model ${name} answers in this thread. To go back, write: use usual here`;
}

function choicesText(name: string | null, { choices, known }: ModelChoices): string {
  const near = name === null || choices.length === 0 ? '' : didYouMean(name, [...choices, 'usual']);
  const problem =
    name !== null && known.includes(name) ? `${name} cannot be chosen here. ` : `There is no model ${name}${near}. `;
  const why = name === null ? '' : problem;
  return choices.length === 0
    ? `${why}No model can be chosen here. An administrator can allow some with models: [large] in bellhop.yaml.`
    : `${why}You can choose: ${choices.join(', ')}. Write for example: use ${choices[0]} here`;
}
