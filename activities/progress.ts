import { type SessionId, threadOf } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { putMessage } from '../store/outbox.ts';
import { stepBegan } from '../store/steps.ts';
import { endStreams, growsIn, putStream } from '../store/streams.ts';
import { getTurn } from '../store/turns.ts';
import { workingKey } from './end-turn.ts';

export interface Progress {
  readonly session: SessionId;
  readonly turn: number;
  readonly step: number;
  /** In a few words: `thinking`, `running a command`. */
  readonly what: string;
  /** What the model has written so far. */
  readonly text?: string;
  /** The text is the first of this answer. */
  readonly first?: boolean;
  /** How often these words were written before. @default 0 */
  readonly renewal?: number;
}

/**
 * Brings the turn's live line in the thread up to date. It is never written after the turn has ended, nor by a late
 * attempt of an earlier step.
 */
export type ShowProgress = (progress: Progress) => Promise<void>;

/** At most this many characters of a growing answer are written each time. People see its end, and of that less than this. */
const MOST_TEXT = 12_000;

/**
 * This write takes no lock, because it happens often and the row itself is its fence:
 * 1. A live line reads that its turn runs.
 * 2. The turn ends. The transaction that ends it retires the row, also where no live line was written yet.
 * 3. The live line is written, and the row refuses it, because nothing is written over a final message.
 * Therefore a late live line changes nothing. One of a turn that ended earlier stops at 1.
 *
 * In a one-to-one direct message, what the model writes is a message of its own, which Slack shows growing (store/streams.ts).
 */
export function createShowProgress(database: Queryable, { streaming = true } = {}): ShowProgress {
  return async ({ session, turn, step, what, text, first, renewal = 0 }) => {
    const { startedAt, state, plan } = await getTurn(database, session, turn);
    if (state !== 'running') return;
    // Messages grow in direct messages only, so a channel is spared the question.
    if (threadOf(session).channel.startsWith('D')) await endStreams(database, session, { turn, step });
    const grows = streaming && text !== undefined && text !== '' && (await growsIn(database, session));
    if (grows) await putStream(database, { session, turn }, { kind: 'stream', step, text, ...(first && { first }) });
    const begun = await stepBegan(database, { session, turn, step });
    const since = startedAt.toISOString();
    const body = {
      kind: 'working',
      step,
      what,
      since,
      ...(begun && { begun: begun.toISOString() }),
      ...(renewal > 0 && { renewal }),
      ...(text && !grows && { text: text.slice(-MOST_TEXT) }),
      ...(text && !grows && first && { first }),
      ...(plan.length > 0 && { plan }),
    } as const;
    await putMessage(database, { key: workingKey({ session, turn }), ...threadOf(session), body, final: false });
  };
}

/** A line is written after this pause. An action that is over sooner is not worth an edit. */
const QUIET_MS = 250;
/** How often a growing text is written. Slack takes an edit a second in all, so that it grows more slowly once people have begun to read. */
const TEXT_EVERY_MS = 700;
const TEXT_EVERY_LATER_MS = 2_000;
const LATER_MS = 10_000;
/** Slack shows an age as it was when it was written. So it is written again: soon for the first time, and then once a minute, which Slack's limit bears. */
const RENEW_FIRST_MS = 20_000;
const RENEW_MS = 60_000;

/**
 * The thread's line about one activity. Words that are overtaken before anybody could read them are never written. What was said last is always
 * written, also when nothing follows it for a long time.
 */
export interface LiveLine {
  say(progress: Progress): void;
  /** Without a pause before it. */
  sayNow(progress: Progress): void;
  /** The activity is over: what was not said is not said any more. */
  end(): void;
}

/**
 * The line is a courtesy: when it cannot be written, the work goes on, and `onError` is told.
 * @param renewAfter how many milliseconds after the words, or after the renewal before it, a renewal is written
 */
export function createLiveLine(
  show: ShowProgress,
  onError: (error: unknown) => void,
  renewAfter = (renewal: number): number => (renewal === 1 ? RENEW_FIRST_MS : RENEW_MS),
): LiveLine {
  let latest: Progress | undefined;
  let timer: NodeJS.Timeout | undefined;
  let renewing: NodeJS.Timeout | undefined;
  const renewLater = (progress: Progress, renewal: number): void => {
    clearTimeout(renewing);
    renewing = setTimeout(() => {
      show({ ...progress, renewal }).catch(onError);
      renewLater(progress, renewal + 1);
    }, renewAfter(renewal)).unref();
  };
  /** When text was first written, and when last. */
  let text: { readonly since: number; readonly at: number } | undefined;
  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (!latest) return;
    const first = Boolean(latest.text) && text === undefined;
    const at = performance.now();
    if (latest.text) text = { since: text?.since ?? at, at };
    show(first ? { ...latest, first } : latest).catch(onError);
    renewLater(latest, 1);
  };
  const pauseBefore = (progress: Progress): number => {
    if (!progress.text || !text) return QUIET_MS;
    const every = text.at - text.since < LATER_MS ? TEXT_EVERY_MS : TEXT_EVERY_LATER_MS;
    return Math.max(0, text.at + every - performance.now());
  };
  return {
    say(progress) {
      latest = progress;
      timer ??= setTimeout(write, pauseBefore(progress));
    },
    sayNow(progress) {
      latest = progress;
      write();
    },
    end() {
      clearTimeout(timer);
      clearTimeout(renewing);
    },
  };
}
