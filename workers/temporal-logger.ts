import { DefaultLogger, type LogEntry, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

/** Sends what the Temporal SDK has to say into our log; must come before the first connection of the process. */
export function installTemporalLogger(log: Logger): void {
  const child = log.child({ component: 'temporal' });
  Runtime.install({
    logger: new DefaultLogger('INFO', (entry) => write(child, entry)),
    // Shutting down is ours: the SDK would react to signals itself.
    shutdownSignals: [],
  });
}

/** Worker life-cycle lines are for whoever looks closely. */
function write(log: Logger, { level, message, meta }: LogEntry): void {
  if (level === 'ERROR') log.error(meta, message);
  else if (level === 'WARN') log.warn(meta, message);
  else log.debug(meta, message);
}
