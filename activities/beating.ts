import { Context } from '@temporalio/activity';

/** Often enough that a stop reaches the work within a second and a dead worker is noticed in ten. */
const EVERY_MS = 1_000;

/**
 * Does `work` while beating with what it last reported. The details are small and readable: they are what Temporal
 * UI shows of a running activity. Work that is over before the first beat costs none: each is a write of the server.
 * The signal fires at a stop, at a time-out and at the worker's shutdown.
 */
export async function whileBeating<Progress extends object, Result>(
  first: Progress,
  work: (report: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>,
  everyMs: number = EVERY_MS,
): Promise<Result> {
  const context = Context.current();
  let progress = first;
  const beat = (): void => context.heartbeat(progress);
  // Even the slowest pace shows in its first second that the work has begun.
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
