import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What a process says when it is asked whether it works.
 *
 * - `serves`: it does its work.
 * - `starting`: it says that it does not work yet, as PostgreSQL does while it recovers.
 * - `leaving`: it says that it is about to end and takes nobody new.
 */
export type Answer = 'serves' | 'starting' | 'leaving';

/** Asks once. Rejects, or stays pending past `signal`, when there is no answer. */
export type Ask = (signal: AbortSignal) => Promise<Answer>;

/** How it is found out that a running process hangs. */
export interface Liveness {
  /** `event-loop` asks one of our own processes over its IPC channel; leash.ts answers there. */
  readonly ask: 'event-loop' | Ask;
  /** Pause between two questions, and how long each waits for its answer. */
  readonly everyMs: number;
  /** After so long without any answer the process is replaced. */
  readonly silentMs: number;
}

/** Of a process of ours: its event loop has stood still for half a minute. */
export const EVENT_LOOP: Liveness = { ask: 'event-loop', everyMs: 5_000, silentMs: 30_000 };

/** A server that is shut down in good order says so for a moment. One that still says so a round later waits for somebody. */
const LEAVING_ROUNDS = 2;

/**
 * Asks a running process again and again, and says once why it has to be replaced.
 *
 * Silence is counted in rounds of this process and not by the clock:
 * 1. The machine sleeps for an hour, and neither this process nor the other one runs.
 * 2. Both wake. By the clock, the other one has been silent for an hour.
 * 3. This process has lost one round at the most, and the other one answers the next.
 * Therefore only rounds in a row that went unanswered while this process was awake count.
 *
 * @returns how to stop asking
 */
export function watchLiveness(
  ask: Ask,
  { everyMs, silentMs }: Pick<Liveness, 'everyMs' | 'silentMs'>,
  onDead: (why: string) => void,
): () => void {
  const over = new AbortController();
  const rounds = Math.max(2, Math.ceil(silentMs / everyMs));

  async function watch(): Promise<void> {
    let silent = 0;
    let leaving = 0;
    for (;;) {
      const began = performance.now();
      const answer = await askWithin(ask, everyMs);
      if (over.signal.aborted) return;
      silent = answer === undefined ? silent + 1 : 0;
      leaving = answer === 'leaving' ? leaving + 1 : 0;
      if (silent >= rounds) return onDead(`did not answer for ${(rounds * everyMs) / 1000} s`);
      if (leaving >= LEAVING_ROUNDS) return onDead('takes nobody new any more, and does not end');
      const rest = everyMs - (performance.now() - began);
      await sleep(Math.max(0, rest), undefined, { signal: over.signal, ref: false });
    }
  }

  watch().catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  return () => over.abort();
}

/** The answer, or undefined when none came in time. */
export async function askWithin(ask: Ask, ms: number): Promise<Answer | undefined> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ms);
  const silence = new Promise<undefined>((resolve) => {
    late.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  try {
    return await Promise.race([ask(late.signal).catch(() => undefined), silence]);
  } finally {
    clearTimeout(timer);
    late.abort();
  }
}
