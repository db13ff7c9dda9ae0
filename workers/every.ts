import type { Logger } from 'pino';

/** Does something at once and then again and again, never twice at a time; a failed round is logged and forgotten. */
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
