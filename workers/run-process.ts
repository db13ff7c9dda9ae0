import pino, { type Logger } from 'pino';

/** A process that is up. `stop` drains: it takes nothing new and finishes or hands back what it holds. */
export interface RunningProcess {
  stop(): Promise<void>;
}

export interface ProcessContext {
  readonly log: Logger;
  readonly environment: NodeJS.ProcessEnv;
}

/** Longer than any drain of ours; whoever supervises kills after it anyway. */
const STOP_WITHIN_MS = 30_000;

/**
 * The life of every worker process: JSON logs on stderr, one line `{"ready":"<name>"}` on stdout once it works, a
 * drain at SIGTERM or SIGINT, exit code 0 after a drain and 1 after a failure. When it is a child whose supervisor
 * goes away without a word, the pipe on stdin closes and it drains as well.
 */
export async function runProcess(
  name: string,
  start: (context: ProcessContext) => Promise<RunningProcess>,
): Promise<void> {
  const log = pino({ name, base: { name, pid: process.pid } }, pino.destination(2));
  // Node opens its inspector at SIGUSR1 unless somebody listens.
  process.on('SIGUSR1', () => log.info('SIGUSR1 is ignored'));
  try {
    const running = await start({ log, environment: process.env });
    console.log(JSON.stringify({ ready: name }));
    const why = await stopAsked();
    log.info({ why }, 'stopping');
    await withLimit(running.stop());
    process.exit(0);
  } catch (error) {
    log.fatal({ err: error }, error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

function stopAsked(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'));
    process.once('SIGINT', () => resolve('SIGINT'));
  });
}

async function withLimit(stopping: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not drain within ${STOP_WITHIN_MS / 1000} s`)), STOP_WITHIN_MS);
  });
  try {
    await Promise.race([stopping, late]);
  } finally {
    clearTimeout(timer);
  }
}
