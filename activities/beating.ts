import { Context } from '@temporalio/activity';

/** Often enough that a stop reaches the work within a second and a dead worker is noticed in ten. */
const EVERY_MS = 1_000;

/**
 * Does `work` and sends heartbeats meanwhile. Each heartbeat carries what `work` last reported, which Temporal UI shows of a
 * running activity, so it is small and readable. Short work sends no heartbeat, because each one is a write of the server.
 * The signal fires at a stop, at a time-out and at the worker's shutdown.
 *
 * @example
 * await whileBeating({ phase: 'waiting' }, (report, signal) => work(signal, () => report({ phase: 'answering' })));
 */
export async function whileBeating<Progress extends object, Result>(
  first: Progress,
  work: (report: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>,
  everyMs: number = EVERY_MS,
): Promise<Result> {
  const context = Context.current();
  let progress = first;
  const beat = (): void => context.heartbeat(progress);
  // A slow pace also shows within a second that the work has begun.
  const soon = everyMs > EVERY_MS ? setTimeout(beat, EVERY_MS) : undefined;
  const timer = setInterval(beat, everyMs);
  try {
    return await work((next) => {
      progress = next;
    }, context.cancellationSignal);
  } finally {
    clearTimeout(soon);
    clearInterval(timer);
  }
}
