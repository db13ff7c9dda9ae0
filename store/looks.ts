export interface Looks {
  /** Something may be there. Looks soon, once however often it is called meanwhile. */
  poke(): void;
  /** Begins no further look. Resolves when the one under way has ended. */
  stop(): Promise<void>;
}

export interface LooksOptions {
  /** Does what the rows of a table ask for. It ends early when `isStopped` says so. */
  readonly look: (isStopped: () => boolean) => Promise<void>;
  readonly onError: (error: unknown) => void;
  /** How often to look without being poked: a wake-up may get lost. */
  readonly everyMs: number;
}

/**
 * Looks at rows of PostgreSQL, one look at a time. While the database is slow, one look waits behind the one under way, and not one for
 * each poke.
 */
export function startLooks({ look, onError, everyMs }: LooksOptions): Looks {
  let looking: Promise<void> = Promise.resolve();
  let isAsked = false;
  let stopped = false;

  const once = async (): Promise<void> => {
    isAsked = false;
    if (!stopped) await look(() => stopped);
  };
  const poke = (): void => {
    if (isAsked || stopped) return;
    isAsked = true;
    looking = looking.then(once).catch(onError);
  };
  const timer = setInterval(poke, everyMs);
  return {
    poke,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await looking;
    },
  };
}
