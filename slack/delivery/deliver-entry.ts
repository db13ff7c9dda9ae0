import { closeEntry, type InboxRow, othersSpoke } from '../../store/inbox.ts';
import { lastAnswerAt } from '../../store/outbox.ts';
import { awaitsStop } from '../../store/stops.ts';
import { TryAgain } from '../api/errors.ts';
import { thirdPartiesCountSince } from '../people/addressing.ts';
import { type PersonalCommand, personalCommandOf } from '../personal/own-commands.ts';
import { type SettingsCommand, settingsCommandOf } from '../personal/settings-commands.ts';
import { tagsOthers, withoutMention } from '../receiving/commands.ts';
import { authorsWords } from '../receiving/message-text.ts';
import { holdsRemovedToken, withoutRemovedTokens } from '../receiving/remove-tokens.ts';
import { inGoneThread } from './gone-threads.ts';
import { handOver, signalSession } from './hand-over.ts';
import { type DeliveryDependencies, type KnownEntry, lookUpEntry, readEntry } from './known-entry.ts';
import { answerCommand, ownCommandOf, refuseEntry, stopSession } from './own-answers.ts';
import { answerPersonalCommand, warnOfToken } from './personal-answers.ts';
import { heldBack, lacksConnection } from './requester-threads.ts';
import { answerSettingsCommand } from './settings-answers.ts';
import { answerUseModel, choiceAmong, type ModelChoice, wantedModel } from './use-model.ts';

/**
 * Brings one inbox row to its end: refused, kept as context, answered by the gateway itself, or signalled to its
 * session. Every step may be repeated after a crash: what it writes has a key, and a signal only says "look".
 *
 * @throws TryAgain when it is too early; anything else is a failure of this attempt
 */
export async function deliverEntry(
  dependencies: DeliveryDependencies,
  row: InboxRow,
  stepAside: () => void,
): Promise<void> {
  const known = await lookUpEntry(dependencies, row);
  // Accepted by an earlier attempt that did not get as far as the signal.
  if (row.state === 'delivered') return signalSession(dependencies, known);
  if (await inGoneThread(dependencies, known)) return;
  if (await heldBack(dependencies, known)) return;
  if (known.refusal) return refuseEntry(dependencies, known, known.refusal);
  if (row.kind === 'stop') return stopSession(dependencies, known);
  if (holdsRemovedToken(row.text)) {
    await warnOfToken(dependencies, known);
    // Nothing is asked for by a token alone.
    if (
      withoutMention(withoutRemovedTokens(row.text), dependencies.identity.botUser) === '' &&
      row.files.length === 0
    ) {
      await closeEntry(dependencies.database, row.id, 'answered', await readEntry(dependencies, known));
      return;
    }
  }
  const own = ownCommand(dependencies, row);
  if (own) return answerPersonalCommand(dependencies, known, own);
  const setting = settingsCommand(dependencies, row);
  if (setting) return answerSettingsCommand(dependencies, known, setting);
  const use = await modelChoice(dependencies, known);
  if (use) return answerUseModel(dependencies, known, use);
  const command = ownCommandOf(dependencies.identity, row);
  if (command) return answerCommand(dependencies, known, command);
  if (row.overtaken || (row.address === 'thread' && !(await isForUs(dependencies, row)))) {
    await closeEntry(dependencies.database, row.id, 'context', await readEntry(dependencies, known));
    return;
  }
  if (await lacksConnection(dependencies, known)) return;
  if (await awaitsStop(dependencies.database, row)) throw new TryAgain('an earlier stop of its thread goes first');
  return handOver(dependencies, known, stepAside);
}

/** The choice of a model that an entry makes. In a joined thread it counts without a mention as every other message does. */
async function modelChoice(
  dependencies: DeliveryDependencies,
  { row, scope }: KnownEntry,
): Promise<ModelChoice | null> {
  const wanted = wantedModel(dependencies.identity, row);
  const choice = wanted && choiceAmong(row, wanted, await dependencies.threadModels(scope));
  const counts = choice && (row.address !== 'thread' || choice.marked || (await isForUs(dependencies, row)));
  return counts ? choice : null;
}

function ownCommand({ identity }: DeliveryDependencies, row: InboxRow): PersonalCommand | null {
  return mayBeOwnCommand(row) ? personalCommandOf(row.text, identity.botUser) : null;
}

function settingsCommand({ identity }: DeliveryDependencies, row: InboxRow): SettingsCommand | null {
  return mayBeOwnCommand(row) ? settingsCommandOf(row.text, identity.botUser) : null;
}

/** Words about a person's own things count in their one-to-one message only. */
function mayBeOwnCommand(row: InboxRow): boolean {
  return row.kind === 'message' && row.address === 'dm' && row.files.length === 0;
}

async function isForUs({ database, identity }: DeliveryDependencies, row: InboxRow): Promise<boolean> {
  if (tagsOthers(authorsWords(row.text), identity.botUser)) return false;
  const answeredAt = await lastAnswerAt(database, row.session);
  const since = thirdPartiesCountSince(new Date(Number(row.ts) * 1_000), answeredAt);
  return !(await othersSpoke(database, row, since));
}
