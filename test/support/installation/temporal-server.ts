import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { Client } from '@temporalio/client';
import { NAMESPACE } from '../../../contracts/search-attributes.ts';
import { openConnection } from '../../../setup/temporal/connection.ts';
import { devServerArguments } from '../../../setup/temporal/dev-server.ts';
import { freePort } from '../free-port.ts';

/** The embedded server as `up` starts it, on a file, so that a test can take it away and bring it back. */
export interface TemporalServer {
  readonly address: string;
  readonly client: Client;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startTemporalServer(folder: string): Promise<TemporalServer> {
  const cli = process.env.BELLHOP_TEST_TEMPORAL_CLI;
  if (!cli) throw new Error('BELLHOP_TEST_TEMPORAL_CLI is not set: run tests by `npm test`, which finds the server');
  await mkdir(folder, { recursive: true });
  const [port, uiPort] = [await freePort(), await freePort()];
  const address = `127.0.0.1:${port}`;
  const connection = openConnection({ address });
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    child = spawn(cli as string, devServerArguments({ folder, port, uiPort }), { stdio: 'ignore' });
    const end = Date.now() + 60_000;
    for (;;) {
      const answered = await connection.workflowService
        .describeNamespace({ namespace: NAMESPACE })
        .then(() => true)
        .catch(() => false);
      if (answered) return;
      if (Date.now() > end) throw new Error(`no Temporal server at ${address} after 60 s`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  await start();
  return {
    address,
    client: new Client({ connection, namespace: NAMESPACE }),
    start,
    async stop() {
      if (!child || child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
