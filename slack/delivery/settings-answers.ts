import { inTransaction, type Queryable } from '../../store/database.ts';
import { closeEntry } from '../../store/inbox.ts';
import { putMessage } from '../../store/outbox.ts';
import {
  type OwnLimit,
  personalSettingsOf,
  removePersonalSettings,
  setOwnInstructions,
  setOwnLimit,
  setOwnModel,
} from '../../store/personal-settings.ts';
import type { LimitChange, SettingsCommand } from '../personal/settings-commands.ts';
import {
  instructionsCleared,
  instructionsText,
  limitProblem,
  limitsText,
  modelChosen,
  modelText,
  notAChoice,
} from '../personal/settings-words.ts';
import type { PersonalWords } from '../personal/words.ts';
import { type DeliveryDependencies, type KnownEntry, readEntry } from './known-entry.ts';

const ALL: readonly OwnLimit[] = ['steps', 'minutes', 'tokens'];

/**
 * Answers what a person says in their direct message about settings of their own. No turn begins.
 *
 * The account may end while its command is answered:
 * 1. The command's person is looked up, and is a member.
 * 2. Slack tells the end of the account. That is stored, and then what the account had set is removed.
 * 3. What the command sets is stored.
 * Therefore the person is looked up once more after storing, as for the form (settings-form.ts). A look that gets no answer
 * is no sign of an end: one that was told is in our directory, which needs no answer of Slack for it.
 */
export async function answerSettingsCommand(
  dependencies: DeliveryDependencies,
  known: KnownEntry,
  command: SettingsCommand,
): Promise<void> {
  const { row } = known;
  const owner = { team: row.team, person: row.author };
  const read = await readEntry(dependencies, known);
  const choices = await dependencies.models();
  await inTransaction(dependencies.database, async (db) => {
    if (!(await closeEntry(db, row.id, 'answered', read))) return;
    const words = await wordsFor(db);
    const target = { key: `${row.id}/own`, team: row.team, channel: row.channel, threadTs: row.threadTs };
    await putMessage(db, { ...target, body: { kind: 'notice', ...words }, final: true });
  });
  const now = await dependencies.directory.person(row.author).catch(() => known.author);
  if (now?.class !== 'member') await removePersonalSettings(dependencies.database, owner);

  async function wordsFor(db: Queryable): Promise<PersonalWords> {
    switch (command.verb) {
      case 'instructions':
        if (!command.clear) return instructionsText(await personalSettingsOf(db, owner));
        await setOwnInstructions(db, owner, '');
        return instructionsCleared();
      case 'model':
        return command.name === null
          ? modelText(choices, (await personalSettingsOf(db, owner)).model)
          : chooseModel(db, command.name);
      case 'limits':
        return changeLimits(db, command.change);
    }
  }

  async function chooseModel(db: Queryable, name: string): Promise<PersonalWords> {
    // A model that is called so is meant by its name.
    const usual = name === 'usual' && !choices.includes(name);
    if (!usual && !choices.includes(name)) return notAChoice(name, choices);
    await setOwnModel(db, owner, usual ? null : name);
    return modelChosen(usual ? null : name);
  }

  async function changeLimits(db: Queryable, change: LimitChange | null): Promise<PersonalWords> {
    if (change === 'none') for (const limit of ALL) await setOwnLimit(db, owner, limit, null);
    else if (change !== null) {
      const problem = limitProblem(change.limit, change.value);
      if (problem) return problem;
      await setOwnLimit(db, owner, change.limit, change.value);
    }
    return limitsText(await personalSettingsOf(db, owner));
  }
}
