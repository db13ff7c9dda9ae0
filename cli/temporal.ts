import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Client } from '@temporalio/client';
import type { SetupState } from '../contracts/setup-state.ts';
import type { Home } from '../setup/host/home.ts';
import { connectOnce } from '../setup/temporal/connection.ts';
import { namesExternalTemporal } from '../setup/temporal/external.ts';
import { type TemporalTarget, temporalTarget } from '../workers/temporal-connection.ts';

export interface OpenTemporal extends AsyncDisposable {
  readonly client: Client;
}

/** Connects to the server that the environment names, or to the one that `bellhop up` runs here. */
export async function openTemporal(home: Home, environment: NodeJS.ProcessEnv = process.env): Promise<OpenTemporal> {
  const target = targetOf(home, environment, await runningAddresses(home));
  const connection = await connectOnce({ ...target.connection, connectTimeout: '3s' }).catch((cause: Error) => {
    throw new Error(`Temporal does not answer at ${target.address}: ${cause.message}`, { cause });
  });
  return {
    client: new Client({ connection, namespace: target.namespace }),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

/**
 * Returns a function that makes links to workflows in Temporal UI. It uses `TEMPORAL_UI_URL`, or the UI that `bellhop
 * up` runs here. Without either, links are null.
 */
export async function workflowLinks(
  home: Home,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<(workflow: string) => string | null> {
  const addresses = await runningAddresses(home);
  const ui = environment.TEMPORAL_UI_URL || addresses.temporalUi;
  const { namespace } = targetOf(home, environment, addresses);
  return (workflow) =>
    ui ? new URL(`/namespaces/${namespace}/workflows/${encodeURIComponent(workflow)}`, ui).href : null;
}

/** For Bellhop's own server, only Bellhop's own profile counts, so that the user's Temporal profile changes nothing. */
function targetOf(home: Home, environment: NodeJS.ProcessEnv, { temporal }: SetupState['addresses']): TemporalTarget {
  if (namesExternalTemporal(environment) || !temporal) return temporalTarget(environment);
  const profile = existsSync(home.temporalProfile) && { TEMPORAL_CONFIG_FILE: home.temporalProfile };
  return temporalTarget({ ...environment, ...profile, TEMPORAL_ADDRESS: temporal });
}

async function runningAddresses(home: Home): Promise<SetupState['addresses']> {
  try {
    return (JSON.parse(await readFile(home.setupState, 'utf8')) as SetupState).addresses;
  } catch {
    return {};
  }
}
