import { engineError, statusOf } from './errors.ts';
import type { SandboxEntry, SandboxState, WorkspaceEntry } from './sandbox.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { LABELS, sandboxName } from './sandbox-names.ts';
import { sandboxStateOf } from './sandbox-states.ts';

const ownedBy = (installation: string) => ({ label: [`${LABELS.installation}=${installation}`] });

/** Only containers with our installation's label. An engine may also serve other installations and other people's containers. */
export async function listSandboxes({ engine, installation }: SandboxContext): Promise<SandboxEntry[]> {
  try {
    const found = await engine.docker.listContainers({ all: true, filters: ownedBy(installation) });
    return found
      .filter(({ Labels, State }) => Labels[LABELS.sandbox] && sandboxStateOf(State) !== 'missing')
      .map(({ Labels, State, Created }) => ({
        ...entryOf(Labels),
        state: sandboxStateOf(State),
        createdAt: new Date(Created * 1000),
      }));
  } catch (error) {
    throw engineError('list the sandboxes', error);
  }
}

/** Volumes of this installation, whether or not a sandbox uses them. */
export async function listWorkspaces({ engine, installation }: SandboxContext): Promise<WorkspaceEntry[]> {
  try {
    const { Volumes } = await engine.docker.listVolumes({ filters: ownedBy(installation) });
    return (Volumes ?? []).filter(({ Labels }) => Labels?.[LABELS.sandbox]).map(({ Labels }) => entryOf(Labels));
  } catch (error) {
    throw engineError('list the workspaces', error);
  }
}

function entryOf(labels: Readonly<Record<string, string>>): WorkspaceEntry {
  return {
    id: labels[LABELS.sandbox] ?? '',
    session: labels[LABELS.session] ?? '',
    runner: labels[LABELS.runner] ?? '',
  };
}

/** `missing` also while it is being removed. */
export async function stateOfSandbox({ engine, installation }: SandboxContext, id: string): Promise<SandboxState> {
  try {
    const { State } = await engine.docker.getContainer(sandboxName(installation, id)).inspect();
    return sandboxStateOf(State.Status);
  } catch (error) {
    if (statusOf(error) === 404) return 'missing';
    throw engineError('look at the sandbox', error);
  }
}
