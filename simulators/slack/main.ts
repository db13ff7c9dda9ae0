import pino from 'pino';
import { readConfiguration } from './configuration.ts';
import { startSimulator } from './simulator.ts';

/** The simulator as a process: configuration from the environment, one line on stdout when ready. */
async function main(): Promise<void> {
  const log = pino({ name: 'slack-simulator' }, process.stderr);
  const options = readConfiguration(process.env);
  const simulator = await startSimulator({ ...options, warn: (message) => log.warn(message) }).catch((error) => {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new Error(`The Slack simulator cannot start: port ${options.port} of 127.0.0.1 is taken.`);
    }
    throw error;
  });
  const stop = async (signal: string) => {
    log.info({ signal }, 'stopping');
    await simulator.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void stop(signal));
  console.log(JSON.stringify({ ready: 'slack-simulator', url: simulator.url, apiUrl: simulator.apiUrl }));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
