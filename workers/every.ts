import type { Logger } from 'pino';

/**
 * Does something now and then every `ms` milliseconds. Two rounds never overlap: while one runs, the next is left out. A failed round
 * is logged, and the next one is tried as usual.
 */
export function every(ms: number, what: string, work: () => Promise<unknown>, log: Logger): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve();
  let busy = false;
  const round = (): void => {
    if (busy) return;
    busy = true;
    running = work()
      .catch((error: unknown) => log.warn({ err: error }, `${what} failed`))
      .finally(() => {
        busy = false;
      });
  };
  round();
  const timer = setInterval(round, ms);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
