import type { Logger } from 'pino';
import { orLate } from '../contracts/within.ts';
import type { PortWish } from '../setup/host/ports.ts';
import { metricsAddress } from './environment.ts';
import { createProcessLog } from './signals/process-log.ts';
import { serveSignals } from './signals/serve-signals.ts';
import { createSignals, type Signals } from './signals/signals.ts';

/** A process that is up. `stop` drains: it takes nothing new and finishes or hands back what it holds. */
export interface RunningProcess {
  stop(): Promise<void>;
  /** Rejects when the process cannot go on, as when its Temporal worker failed. */
  readonly failed?: Promise<unknown>;
}

export interface ProcessContext {
  readonly log: Logger;
  readonly environment: NodeJS.ProcessEnv;
  /** What the process tells of itself. */
  readonly signals: Signals;
}

/** Longer than any drain of ours. A supervisor kills after that anyway. */
const STOP_WITHIN_MS = 30_000;
/** How long the last lines of the log may take to be written before the process exits. */
const LAST_WORDS_MS = 1_000;

/**
 * The life of every worker process.
 *
 * 1. Its log is JSON lines on standard error.
 * 2. Once it works, it prints one line `{"ready":"<name>"}` to standard output.
 * 3. At SIGTERM or SIGINT it drains and exits with code 0. A supervisor that goes away closes the pipe on standard input; the
 *    process then gets a SIGTERM too (see up/leash.ts).
 * 4. When nobody reads its log any more, it drains as well and exits with code 1, so that its supervisor starts another.
 * 5. It serves metrics and health from its first moment on (signals/serve-signals.ts).
 * 6. When it cannot start, cannot go on or does not drain, it exits with code 1.
 */
export async function runProcess(
  name: string,
  metrics: PortWish,
  start: (context: ProcessContext) => Promise<RunningProcess>,
): Promise<void> {
  const signals = createSignals();
  const { log, closed, drain } = createProcessLog(name, {
    onChange: signals.countChange,
    onDropped: signals.countDropped,
  });
  // The ready line may have no reader either; that is no reason to end.
  process.stdout.on('error', () => {});
  // Node opens its inspector at SIGUSR1 unless somebody listens.
  process.on('SIGUSR1', () => log.info('SIGUSR1 is ignored'));
  let code = 0;
  try {
    const address = metricsAddress(process.env, metrics.usual);
    if (address) serveSignals(name, address, signals, log);
    const running = await start({ log, environment: process.env, signals });
    process.stdout.write(`${JSON.stringify({ ready: name })}\n`);
    const why = await Promise.race([
      stopAsked(),
      closed.then((reason) => ({ logClosed: reason })),
      ...(running.failed ? [running.failed.then(forEver)] : []),
    ]);
    if (typeof why !== 'string') code = 1;
    log.info({ why }, 'stopping');
    await orLate(STOP_WITHIN_MS, running.stop(), `did not drain within ${STOP_WITHIN_MS / 1000} s`);
  } catch (error) {
    log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
    code = 1;
  }
  await drain(LAST_WORDS_MS);
  process.exit(code);
}

/** A promise that never settles, for a branch of a race that says nothing by its success. */
function forEver(): Promise<never> {
  return new Promise(() => {});
}

function stopAsked(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'));
    process.once('SIGINT', () => resolve('SIGINT'));
  });
}
