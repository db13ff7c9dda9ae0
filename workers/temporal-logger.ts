import { DefaultLogger, type LogEntry, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

/** Sends the log lines of the Temporal SDK into our log. Call it before the first connection of the process. */
export function installTemporalLogger(log: Logger): void {
  const child = log.child({ component: 'temporal' });
  Runtime.install({
    logger: new DefaultLogger('INFO', (entry) => write(child, entry)),
    // The native half of the SDK would otherwise print to standard output itself, and wait there for a reader.
    telemetryOptions: { logging: { forward: {} } },
    // The SDK would react to signals itself, and stop workers before the rest of the process.
    shutdownSignals: [],
  });
}

/** Lines about a worker's life are of level debug: they help only somebody who looks for a fault. */
function write(log: Logger, { level, message, meta }: LogEntry): void {
  if (level === 'ERROR') log.error(meta, message);
  else if (level === 'WARN') log.warn(meta, message);
  else log.debug(meta, message);
}
