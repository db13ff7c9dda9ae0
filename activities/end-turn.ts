import { estimateTokens } from '../agent/tokens.ts';
import { userText } from '../agent/transcript/user-text.ts';
import type { AgentActivities, EndTurnInput } from '../contracts/activities.ts';
import { FAILURES } from '../contracts/failures.ts';
import { threadOf, turnIdOf } from '../contracts/ids.ts';
import { claimUnread } from '../store/claim-messages.ts';
import type { Database, Queryable } from '../store/database.ts';
import { inTransaction } from '../store/database.ts';
import { putMessage } from '../store/outbox.ts';
import { finishTurn, getTurn, lockSession, markStopped, someoneWaits } from '../store/turns.ts';
import type { TurnReport } from './turn-report.ts';

export interface EndTurnDependencies {
  readonly database: Database;
  readonly report: TurnReport;
}

/**
 * Ends a turn and says its last word, in one transaction: either both happened or neither. An answer that somebody
 * has added to meanwhile does not end the turn; a turn that has ended stays as it ended.
 */
export function createEndTurn({ database, report }: EndTurnDependencies): AgentActivities['endTurn'] {
  return (input) =>
    inTransaction(database, async (db) => {
      const { session, turn, ending } = input;
      await lockSession(db, session);
      const { state } = await getTurn(db, session, turn);
      if (state !== 'running') return { more: false };
      if (ending === 'answered' && (await someoneWaits(db, session))) return { more: true };
      if (ending === 'stopped' && input.stoppedUpTo) await markStopped(db, session, input.stoppedUpTo);
      if (ending !== 'answered') await claimUnread(db, session, turn, (message) => estimateTokens(userText(message)));
      await finishTurn(db, session, turn, { state: ending, failure: input.failure, stoppedBy: input.stoppedBy });
      await say(db, input, report);
      return { more: false };
    });
}

async function say(db: Queryable, input: EndTurnInput, report: TurnReport): Promise<void> {
  const { session, turn } = input;
  const { team, channel, threadTs } = threadOf(session);
  const said = await report(db, session, turn);
  await putMessage(db, {
    key: answerKey(input),
    team,
    channel,
    threadTs,
    session,
    body: { kind: 'answer', text: said.text, lastWord: lastWord(input, said.text), footer: said.footer },
    final: true,
  });
}

/** The turn's one message in the thread: a placeholder first, the answer in the end. */
export function answerKey({ session, turn }: Pick<EndTurnInput, 'session' | 'turn'>): string {
  return `${turnIdOf(session, turn)}/answer`;
}

/** Bellhop's own words as mrkdwn, never the model's: what they mention is mentioned. */
function lastWord({ ending, failure, stoppedBy }: EndTurnInput, said: string): string {
  switch (ending) {
    case 'answered':
      return said === '' ? 'Done. I have nothing to add.' : '';
    case 'stopped':
      return `Stopped by ${stoppedBy ? `<@${stoppedBy}>` : 'an operator'}. Mention me to go on.`;
    case 'limit':
      return 'I have reached the limit of one turn. Mention me with "go on" and I continue from here.';
    case 'failed':
      return FAILURES[failure ?? 'Internal'].thread;
  }
}
