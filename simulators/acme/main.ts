/** The demo's outside world as a process of its own. See README.md for its environment. */
import pino from 'pino';
import { readConfiguration } from './configuration.ts';
import { startAcme } from './server.ts';

const log = pino({ name: 'acme' }, process.stderr);

try {
  const acme = await startAcme({ ...readConfiguration(process.env), now: () => new Date() });
  const stop = () => {
    void acme.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  log.info({ port: acme.port }, 'listening');
  process.stdout.write(`${JSON.stringify({ ready: 'acme', port: acme.port, ca: acme.authorityPath })}\n`);
} catch (error) {
  log.fatal(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
