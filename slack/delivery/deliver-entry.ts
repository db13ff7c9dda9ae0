import { closeEntry, type InboxRow } from '../../store/inbox.ts';
import { muteOf } from '../../store/mutes.ts';
import { lastAnswerAt } from '../../store/outbox.ts';
import { awaitsStop } from '../../store/stops.ts';
import { hasAsked, isAskedBefore, taggedAt } from '../../store/thread-talk.ts';
import { TryAgain } from '../api/errors.ts';
import { answerCommand } from '../commands/answer-command.ts';
import { forgetSession } from '../commands/forget.ts';
import { countsBare, countsUntagged, type OwnCommand, ownCommandOf } from '../commands/own-command.ts';
import { restartSession } from '../commands/restart.ts';
import { ANSWER_WITHIN_S, isForAgent } from '../people/addressing.ts';
import { type PersonalCommand, personalCommandOf } from '../personal/own-commands.ts';
import { type SettingsCommand, settingsCommandOf } from '../personal/settings-commands.ts';
import { commandOf, tagsOthers, withoutMention } from '../receiving/commands.ts';
import { authorsWords } from '../receiving/message-text.ts';
import { spokenText } from '../receiving/read-blocks.ts';
import { holdsRemovedToken, withoutRemovedTokens } from '../receiving/remove-tokens.ts';
import { inGoneThread } from './gone-threads.ts';
import { handOver, signalSession } from './hand-over.ts';
import { deliverEdit } from './keep-edit.ts';
import { type DeliveryDependencies, type KnownEntry, lookUpEntry, readEntry } from './known-entry.ts';
import { refuseEntry, stopSession } from './own-answers.ts';
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
  if (row.kind === 'edit') return deliverEdit(dependencies, known);
  if (await heldBack(dependencies, known)) return;
  if (known.refusal) return refuseEntry(dependencies, known, known.refusal);
  if (row.kind === 'stop') {
    const command = commandOf(row.text, dependencies.identity.botUser);
    if (command === 'restart') return restartSession(dependencies, known, stepAside);
    if (command === 'forget') return forgetSession(dependencies, known, stepAside);
    return stopSession(dependencies, known);
  }
  if (holdsRemovedToken(row.text)) {
    await warnOfToken(dependencies, known);
    // A message that was a token and nothing else asks for nothing.
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
  const isForUs = row.address !== 'thread' || (await isMeant(dependencies, known));
  const command = ownCommandOf(dependencies.identity, row);
  if (
    command &&
    (isForUs ||
      countsUntagged(dependencies.identity, row, command) ||
      (await isBareCommand(dependencies, known, command)))
  ) {
    return answerCommand(dependencies, known, command);
  }
  if (row.overtaken || !isForUs) {
    await closeEntry(dependencies.database, row.id, 'context', await readEntry(dependencies, known));
    return;
  }
  if (await lacksConnection(dependencies, known)) return;
  if (await awaitsStop(dependencies.database, row)) throw new TryAgain('an earlier stop of its thread goes first');
  return handOver(dependencies, known, stepAside);
}

/** The choice of a model that an entry makes. In a joined thread it counts without a mention as every other message does. */
async function modelChoice(dependencies: DeliveryDependencies, known: KnownEntry): Promise<ModelChoice | null> {
  const { row, scope } = known;
  const wanted = wantedModel(dependencies.identity, row);
  const choice = wanted && choiceAmong(row, wanted, await dependencies.threadModels(scope));
  const counts = choice && (row.address !== 'thread' || choice.marked || (await isMeant(dependencies, known)));
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

/** Whether an untagged message in a joined thread is for the agent. */
async function isMeant({ database, identity, listenIn }: DeliveryDependencies, known: KnownEntry): Promise<boolean> {
  const { row, session, scope } = known;
  const words = spokenText(authorsWords(row.text));
  const [listen, mute, asked, tagged, answeredAt] = await Promise.all([
    listenIn(scope),
    muteOf(database, session),
    hasAsked(database, row),
    taggedAt(database, row, Number(row.ts) - ANSWER_WITHIN_S),
    lastAnswerAt(database, session),
  ]);
  return isForAgent({
    listen,
    isMuted: mute !== null,
    tagsOthers: tagsOthers(words, identity.botUser),
    namesUs: namesUs(words, identity.botName),
    hasAsked: asked,
    taggedAt: tagged,
    answeredAt,
  });
}

/** Whether a command word that stands alone is one, unless it plainly answers the question that somebody has just asked its author. */
async function isBareCommand(
  { database, listenIn }: DeliveryDependencies,
  { row, session, scope }: KnownEntry,
  command: OwnCommand,
): Promise<boolean> {
  if (row.address !== 'thread') return false;
  const [listen, mute] = await Promise.all([listenIn(scope), muteOf(database, session)]);
  if (!countsBare(command, { listen, isMuted: mute !== null })) return false;
  return !(await isAskedBefore(database, row, Number(row.ts) - ANSWER_WITHIN_S));
}

/** `bellhop, chart it` without Slack's mark of a mention. */
function namesUs(words: string, name: string): boolean {
  return words
    .toLowerCase()
    .split(/[^\p{L}\p{N}_-]+/u)
    .includes(name.toLowerCase());
}
