import { type SessionId, threadOf } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { putMessage } from '../store/outbox.ts';
import { getTurn } from '../store/turns.ts';
import { answerKey } from './end-turn.ts';

export interface Progress {
  readonly session: SessionId;
  readonly turn: number;
  readonly step: number;
  /** In a few words: `thinking`, `running a command`. */
  readonly what: string;
  /** What the model has written so far. */
  readonly text?: string;
}

/** Brings the turn's one message in the thread up to date; never over a final answer. */
export type ShowProgress = (progress: Progress) => Promise<void>;

/** How often the text of a running answer is written; Slack takes an edit a second anyway. */
const TEXT_EVERY_MS = 700;

export interface ShowProgressDependencies {
  readonly database: Queryable;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

export function createShowProgress({ database, clock }: ShowProgressDependencies): ShowProgress {
  const lastText = new Map<SessionId, number>();
  return async ({ session, turn, step, what, text }) => {
    if (text) {
      const before = lastText.get(session);
      if (before !== undefined && clock() - before < TEXT_EVERY_MS) return;
      lastText.set(session, clock());
    } else {
      lastText.delete(session);
    }
    const { startedAt } = await getTurn(database, session, turn);
    const { team, channel, threadTs } = threadOf(session);
    const body = { kind: 'working', step, what, since: startedAt.toISOString(), ...(text && { text }) } as const;
    const key = answerKey({ session, turn });
    await putMessage(database, { key, team, channel, threadTs, session, body, final: false });
  };
}
