import { finalText } from '../agent/final-text.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { turnTotals } from '../store/turns.ts';

export interface Said {
  /** What the agent has said in the turn, as markdown; empty when nothing. */
  readonly text: string;
  /** One small line: tool calls, time, outcomes. */
  readonly footer: string;
}

/** What the thread is shown of a turn, read inside the transaction that ends it. */
export type TurnReport = (db: Queryable, session: SessionId, turn: number) => Promise<Said>;

export const turnReport: TurnReport = async (db, session, turn) => {
  const [text, totals] = [await finalText(db, session, turn), await turnTotals(db, session, turn)];
  const outcomes = (['injected', 'forwarded', 'blocked'] as const)
    .filter((outcome) => totals[outcome] > 0)
    .map((outcome) => `${totals[outcome]} ${outcome}`);
  const footer = [count(totals.tools, 'tool call'), seconds(totals.seconds), ...outcomes].join(' · ');
  return { text: text ?? '', footer };
};

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

function seconds(value: number): string {
  return value < 90 ? `${Math.round(value)} s` : `${Math.round(value / 60)} min`;
}
