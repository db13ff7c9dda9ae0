import { readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import type { SetupState } from '../contracts/setup-state.ts';
import type { Home } from '../setup/host/home.ts';
import { temporalTarget } from '../workers/temporal-connection.ts';

export interface OpenTemporal extends AsyncDisposable {
  readonly client: Client;
}

/** Connects to the server that the environment names, else to the one `bellhop up` runs here. */
export async function openTemporal(home: Home, environment: NodeJS.ProcessEnv = process.env): Promise<OpenTemporal> {
  const address = environment.TEMPORAL_ADDRESS ?? (await runningAddress(home));
  const target = temporalTarget({ ...environment, ...(address && { TEMPORAL_ADDRESS: address }) });
  const connection = await Connection.connect({ ...target.connection, connectTimeout: '3s' }).catch((cause: Error) => {
    throw new Error(`Temporal does not answer at ${target.address}: ${cause.message}`, { cause });
  });
  return {
    client: new Client({ connection, namespace: target.namespace }),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

async function runningAddress(home: Home): Promise<string | undefined> {
  try {
    const state = JSON.parse(await readFile(home.setupState, 'utf8')) as SetupState;
    return state.addresses.temporal;
  } catch {
    return undefined;
  }
}
