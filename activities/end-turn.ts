import { PRESETS } from '../access/presets/apply-preset.ts';
import { finalText } from '../agent/final-text.ts';
import { endOpenWait } from '../agent/model-wait.ts';
import { settleOpenTools } from '../agent/settle-tools.ts';
import { estimateTokens } from '../agent/tokens.ts';
import { repeatedText, standstillOf } from '../agent/transcript/repetition.ts';
import { userText } from '../agent/transcript/user-text.ts';
import type { AgentActivities, EndTurnInput, EndTurnResult, TurnInput } from '../contracts/activities.ts';
import { costText, sumOf } from '../contracts/cost.ts';
import { type SessionId, threadOf, turnIdOf } from '../contracts/ids.ts';
import { actingPerson, scopeKind } from '../contracts/scope.ts';
import { type ChangeLog, noteChange } from '../contracts/state-changes.ts';
import { claimUnread, someoneWaits } from '../store/claim-messages.ts';
import { type Database, inTransaction, type Queryable } from '../store/database.ts';
import { isThreadGone } from '../store/deletions.ts';
import { type Heard, howHeard } from '../store/how-heard.ts';
import { modelUse } from '../store/model-usage.ts';
import { putMessage, retireMessage } from '../store/outbox.ts';
import { usedInTurn } from '../store/own-uses.ts';
import { findPerson } from '../store/people.ts';
import { withdrawPlace } from '../store/places.ts';
import { withdrawQuestions } from '../store/questions.ts';
import { getSession } from '../store/sessions.ts';
import { becomeAnswer, endStreams } from '../store/streams.ts';
import { readTranscript } from '../store/transcript.ts';
import { lockTurn } from '../store/turn-fence.ts';
import { finishTurn, getTurn, markStopped, turnTotals } from '../store/turns.ts';
import { endStatus } from '../store/working-status.ts';
import { failureText, goOnText, sayText } from './go-on.ts';

export interface EndingDependencies {
  readonly database: Database;
  /** Gets a line for each turn that ends. */
  readonly log?: ChangeLog | undefined;
}

type Ending = Pick<AgentActivities, 'endTurn' | 'settleTools'>;

/** What ends a turn: every tool call has a result, the turn has an ending, and the thread has its last word. */
export function createEnding({ database, log }: EndingDependencies): Ending {
  return {
    /** Before anything else is said to the model, every tool call it made has a result. A turn that is over has them. */
    async settleTools({ session, turn, reason, by }) {
      const why = reason === 'stopped' ? { reason, by: by ?? null } : { reason };
      await inTransaction(database, async (db) => {
        if ((await lockTurn(db, { session, turn })) === 'running') await settleOpenTools(db, session, turn, why);
      });
    },

    /**
     * Ends a turn and says its last word, in one transaction: either both happened or neither. An answer that somebody has
     * added to meanwhile does not end the turn. A turn that has ended stays as it ended. Of a turn that the database does
     * not know any more, the thread is told just that.
     */
    async endTurn(input) {
      let ended = false;
      const result = await inTransaction(database, async (db) => {
        const state = await lockTurn(db, input);
        if (state === null) await tellMissing(db, input);
        if (state !== 'running') return { more: false };
        const how = await end(db, input);
        ended = !how.more;
        return how;
      });
      if (ended) noteEnd(log, input);
      return result;
    },
  };
}

/**
 * Ends a turn whose workflow was terminated or failed and cannot end it itself: the thread is told, and its message stops
 * saying that somebody works. A turn that has ended stays as it ended.
 */
export type EndAbandonedTurn = (turn: TurnInput) => Promise<void>;

/**
 * Makes an {@link EndAbandonedTurn} for the housekeeper.
 */
export function createEndAbandonedTurn({ database, log }: EndingDependencies): EndAbandonedTurn {
  return async (turn) => {
    const ended = await inTransaction(database, async (db) => {
      if ((await lockTurn(db, turn)) !== 'running') return false;
      await endLeftTurn(db, turn);
      return true;
    });
    if (ended) noteEnd(log, { ...turn, ...LEFT });
  };
}

/** How a turn ends whose workflow cannot end it. */
const LEFT = { ending: 'failed', failure: 'SessionEnded' } as const;

/** Tells the log of a turn that has ended, after the commit. */
export function noteEnd(
  log: ChangeLog | undefined,
  { session, turn, ending, failure }: Pick<EndTurnInput, 'session' | 'turn' | 'ending' | 'failure'>,
): void {
  noteChange(log, { of: 'turn', to: ending, session, turn, failure });
  noteChange(log, { of: 'session', to: 'idle', session });
}

/** Ends such a turn in a transaction that holds the session's lock and has seen that the turn runs. */
export async function endLeftTurn(db: Queryable, { session, turn }: TurnInput): Promise<void> {
  await settleOpenTools(db, session, turn, { reason: 'unknown' });
  await end(db, { session, turn, ...LEFT });
}

async function end(db: Queryable, input: EndTurnInput): Promise<EndTurnResult> {
  const { session, turn, ending } = input;
  if (ending === 'answered' && (await someoneWaits(db, session, turn))) return { more: true };
  // Read before `claimUnread` adds what people have said since the last call: that would hide the repetition.
  const stuck = ending === 'limit' ? standstillOf(await readTranscript(db, session), turn) : null;
  if (ending === 'stopped' && input.stoppedUpTo) await markStopped(db, session, input.stoppedUpTo);
  if (ending !== 'answered') await claimUnread(db, session, turn, (message) => estimateTokens(userText(message)));
  await finishTurn(db, session, turn, { state: ending, failure: input.failure, stoppedBy: input.stoppedBy });
  // Before the thread's messages, which are the last rows in the order of locks (store/places.ts).
  await withdrawPlace(db, session, turn, input.hasPlace === false);
  await withdrawQuestions(db, session, turn);
  await retireMessage(db, { key: workingKey(input), ...threadOf(session) });
  await endOpenWait(db, { session, turn });
  // Slack would show a post into a thread that is gone at the top level of the channel.
  const isGone = await isThreadGone(db, session);
  const said = await finalText(db, session, turn);
  // The model has chosen to say nothing, because nobody asked for anything (agent/silence.ts).
  const isSilent = said === '' && ending === 'answered';
  if (isGone || isSilent) {
    await endStatus(db, input, threadOf(session), !isSilent);
    await endStreams(db, session);
    return { more: false };
  }
  const text = [said ?? '', ...(stuck ? [repeatedText(stuck)] : [])].filter((part) => part !== '').join('\n\n');
  const heard = await howHeard(db, session);
  const last = stuck ? stuckText(heard) : await lastWord(db, input, { said: text, heard });
  const body = { kind: 'answer', text, lastWord: last, footer: await footerOf(db, input) } as const;
  const key = answerKey(input);
  const isShown = ending === 'answered' && (await becomeAnswer(db, input, key, body));
  if (!isShown) await putMessage(db, { key, ...threadOf(session), body, final: true });
  await endStreams(db, session);
  // What has grown in the thread is no new post now, so it does not end Slack's own line.
  await endStatus(db, input, threadOf(session), !isShown);
  return { more: false };
}

/** The key is not that of an answer: in a restored database another turn may have had this number, and with it an answer. */
async function tellMissing(db: Queryable, { session, turn }: TurnInput): Promise<void> {
  const body = { kind: 'notice', text: await failureText(db, session, 'TurnMissing') } as const;
  await putMessage(db, { key: `${turnIdOf(session, turn)}/missing`, ...threadOf(session), body, final: true });
}

/**
 * The key of a turn's live line. The answer is a message of its own and not an edit of this line, because Slack notifies nobody
 * of an edit, and the answer stands below what people have said meanwhile.
 */
export function workingKey({ session, turn }: { readonly session: SessionId; readonly turn: number }): string {
  return `${turnIdOf(session, turn)}/working`;
}

/** The key of a turn's answer. */
function answerKey({ session, turn }: { readonly session: SessionId; readonly turn: number }): string {
  return `${turnIdOf(session, turn)}/answer`;
}

/** One small line: tool calls, time, outcomes, whose answers they were, and what they have cost where every price is known. Read inside the transaction that ends the turn. */
async function footerOf(db: Queryable, { session, turn }: TurnInput): Promise<string> {
  const [totals, uses] = [await turnTotals(db, session, turn), await modelUse(db, session, turn)];
  const outcomes = (['injected', 'forwarded', 'blocked'] as const)
    .filter((outcome) => totals[outcome] > 0)
    .map((outcome) => `${totals[outcome]} ${outcome}`);
  const { tools, seconds } = totals;
  const answers = uses.reduce((sum, use) => sum + use.answers, 0);
  const models = uses.map(({ model }) => model);
  const cost = costText(sumOf(uses.map((use) => use.cost)));
  const time = seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
  return [
    ...(await identityOf(db, { session, turn })),
    `${tools} tool call${tools === 1 ? '' : 's'}`,
    time,
    ...outcomes,
    ...(models.length > 0 ? [`${answers} step${answers === 1 ? '' : 's'} of ${models.join(' and ')}`] : []),
    ...(cost ? [cost] : []),
  ].join(' · ');
}

/** Whose name the work was done in, where that is a person's; and what of a person's own an agent was allowed to use. */
async function identityOf(db: Queryable, { session, turn }: TurnInput): Promise<string[]> {
  const [{ principal, team, scope }, { requester }] = await Promise.all([
    getSession(db, session),
    getTurn(db, session, turn),
  ]);
  if (scopeKind(scope) !== 'channel') return [];
  const acting = actingPerson(principal);
  const used = acting ? [] : await usedInTurn(db, { session, turn, requester });
  if (!acting && used.length === 0) return [];
  const name = (await findPerson(db, team, acting?.person ?? requester))?.name ?? acting?.person ?? requester;
  if (acting) return [`in the name of ${name}`];
  return [
    `as the agent of this channel, with ${name}'s own ${used.map((each) => PRESETS[each]?.title ?? each).join(' and ')}`,
  ];
}

function stuckText(heard: Heard): string {
  return `I was going in circles, so I stopped. Tell me what to do differently. Or ${sayText(heard, '"go on"')}: then I continue from here.`;
}

/** Bellhop's own words as mrkdwn, never the model's: what they mention is mentioned. */
async function lastWord(
  db: Queryable,
  { session, ending, failure, stoppedBy }: EndTurnInput,
  { said, heard }: { readonly said: string; readonly heard: Heard },
): Promise<string> {
  switch (ending) {
    case 'answered':
      return said === '' ? `My model ended without an answer. Please ${sayText(heard, 'what you want next')}.` : '';
    case 'stopped':
      return `Stopped by ${stoppedBy ? `<@${stoppedBy}>` : 'an operator'}. ${goOnText(heard)}`;
    case 'limit':
      return `I have reached the limit of one turn. Please ${sayText(heard, '"go on"')}: then I continue from here.`;
    case 'failed':
      return failureText(db, session, failure ?? 'Internal');
  }
}
