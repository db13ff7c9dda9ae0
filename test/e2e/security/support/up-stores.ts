import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NAMESPACE } from '../../../../contracts/search-attributes.ts';
import type { SetupState } from '../../../../contracts/setup-state.ts';
import { databaseUrlFor, readDatabaseUrls } from '../../../../setup/host/database-urls.ts';
import { openDatabase } from '../../../../store/database.ts';
import type { RunningUp } from '../../../support/running-up.ts';
import type { Place } from './renderings.ts';
import { databaseRows, homeFiles, inspectedContainers, machineProcesses, workflowHistories } from './stores.ts';

export interface Store {
  readonly places: readonly Place[];
  /** What is known to be there. */
  readonly holds: string;
}

/** Where a `bellhop up` keeps anything, by name: its home has the logs, the secrets, the databases' files and the simulators'. */
export async function storesOfUp({ home }: RunningUp): Promise<Readonly<Record<string, Store>>> {
  const state = JSON.parse(await readFile(path.join(home, 'setup.json'), 'utf8')) as SetupState;
  const urls = path.join(home, 'database.json');
  const owner = (await readDatabaseUrls(urls))?.owner ?? '';
  const database = openDatabase({ url: owner, name: 'test', connections: 2 });
  const connection = await Connection.connect({ address: state.addresses.temporal ?? '' });
  try {
    const id = state.installation;
    const client = new Client({ connection, namespace: NAMESPACE });
    return {
      'the database': { places: await databaseRows({ database }), holds: 'paste.acme.test' },
      'histories of workflows': { places: await workflowHistories({ temporal: { client } }), holds: 'slack:' },
      "the engine's data on containers": { places: await inspectedContainers({ id }), holds: `bellhop-${id}` },
      'environment and arguments of every process': {
        places: await machineProcesses(),
        holds: await databaseUrlFor(urls, 'proxy'),
      },
      'logs and other files': { places: await homeFiles({ home }), holds: 'xoxb-simulator-' },
    };
  } finally {
    await database.end();
    await connection.close();
  }
}
