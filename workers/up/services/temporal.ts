import { mkdir, writeFile } from 'node:fs/promises';
import { NAMESPACE } from '../../../contracts/search-attributes.ts';
import { PORTS } from '../../../setup/host/port-wishes.ts';
import { askTemporal } from '../../../setup/temporal/ask.ts';
import { findTemporalBinary } from '../../../setup/temporal/binary.ts';
import { devServerArguments } from '../../../setup/temporal/dev-server.ts';
import { checkExternalTemporal, namesExternalTemporal, unusedProfileRemark } from '../../../setup/temporal/external.ts';
import { provideNamespaceAt } from '../../../setup/temporal/namespace.ts';
import { inheritedBy, temporalVariables } from '../environments.ts';
import { guarded } from '../guarded-program.ts';
import { joined } from '../remarks.ts';
import type { UpContext } from '../up-context.ts';

/** How the other processes reach Temporal. */
export interface TemporalAccess {
  readonly address: string;
  readonly namespace: string;
  /** The server is somebody else's; the environment of `up` says how to reach it. */
  readonly external: boolean;
  readonly uiUrl?: string | undefined;
}

/**
 * Starts the development server, or looks whether the server that is named has what Bellhop needs.
 * @throws SetupError
 */
export async function startTemporal(context: UpContext): Promise<TemporalAccess> {
  const { environment, journal, signal } = context;
  const access = await journal.step<TemporalAccess>('temporal', async (say) => {
    if (!namesExternalTemporal(environment)) return await startDevServer(context, say);
    const { address, namespace, retentionHours } = await checkExternalTemporal(environment, signal);
    const days = Math.floor(retentionHours / 24);
    const detail = `TEMPORAL_ADDRESS: ${address}, namespace ${namespace}, history kept ${days} days`;
    return { detail, value: { address, namespace, external: true, uiUrl: environment.TEMPORAL_UI_URL } };
  });
  journal.setAddresses({ temporal: access.address, ...(access.uiUrl && { temporalUi: access.uiUrl }) });
  return access;
}

/** How a child reaches Temporal. A user's own profile must not change how our own server is reached. */
export function temporalEnvironment(
  { environment, home }: UpContext,
  temporal: TemporalAccess,
): Record<string, string> {
  const { address, namespace, external } = temporal;
  const settings = external ? temporalVariables(environment) : { TEMPORAL_CONFIG_FILE: home.temporalProfile };
  return { ...settings, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
}

async function startDevServer(context: UpContext, say: (detail: string) => void) {
  const { home, environment, supervisor, signal } = context;
  const binary = await findTemporalBinary({ environment, say, signal });
  const port = await context.ports.choose(PORTS.temporal);
  const ui = await context.ports.choose(PORTS.temporalUi);
  await mkdir(home.temporal, { recursive: true, mode: 0o700 });
  await writeFile(home.temporalProfile, '[profile.default]\n');
  say('starting the server');
  const program = {
    command: binary.path,
    args: devServerArguments({ folder: home.temporal, port: port.port, uiPort: ui.port }),
    cwd: home.temporal,
    stopSignal: 'SIGTERM',
    stopWithinMs: 10_000,
  } as const;
  const address = `127.0.0.1:${port.port}`;
  let namespace = '';
  const probe = async (signal: AbortSignal) => {
    namespace = await provideNamespaceAt(address, signal);
  };
  const env = inheritedBy('local', environment);
  const liveness = { ask: async () => await askTemporal(address), everyMs: 5_000, silentMs: 30_000 };
  await supervisor.start(guarded(program, { name: 'temporal', env, readyWithinMs: 30_000, liveness, probe }));
  const server = `${binary.origin}; on port ${port.port}`;
  return {
    detail: joined(server, namespace, port.brief, ui.brief, unusedProfileRemark(environment)),
    more: joined(port.remark, ui.remark),
    value: { address, namespace: NAMESPACE, external: false, uiUrl: `http://127.0.0.1:${ui.port}` },
  };
}
