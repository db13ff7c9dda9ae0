import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import type { SetupState } from '../contracts/setup-state.ts';
import type { Home } from '../setup/host/home.ts';
import { namesExternalTemporal } from '../setup/temporal/external.ts';
import { type TemporalTarget, temporalTarget } from '../workers/temporal-connection.ts';

export interface OpenTemporal extends AsyncDisposable {
  readonly client: Client;
}

/** Connects to the server that the environment names, else to the one `bellhop up` runs here. */
export async function openTemporal(home: Home, environment: NodeJS.ProcessEnv = process.env): Promise<OpenTemporal> {
  const target = targetOf(home, environment, await runningAddresses(home));
  const connection = await Connection.connect({ ...target.connection, connectTimeout: '3s' }).catch((cause: Error) => {
    throw new Error(`Temporal does not answer at ${target.address}: ${cause.message}`, { cause });
  });
  return {
    client: new Client({ connection, namespace: target.namespace }),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

/** Makes addresses of Temporal UI: of `TEMPORAL_UI_URL`, else of the one `bellhop up` runs here; null without either. */
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

/** With a server of our own, no profile of whoever runs the command may change its settings. */
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
