import { removeWorkspace } from './remove-workspace.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { removeFolder } from './sandbox-folder.ts';
import { listSandboxes, listWorkspaces } from './sandbox-listing.ts';
import { sandboxName } from './sandbox-names.ts';
import { removeContainer } from './sandbox-states.ts';

export interface Removed {
  readonly sandboxes: number;
  readonly workspaces: number;
}

/**
 * Removes every sandbox of one installation from this engine, and with `workspaces` the files of its sessions too. It is for an
 * installation that stops or is given up, so nothing of that installation may run meanwhile.
 */
export async function removeSandboxes(
  context: SandboxContext,
  { runDir, workspaces }: { readonly runDir: string; readonly workspaces: boolean },
): Promise<Removed> {
  const sandboxes = await listSandboxes(context);
  await allOf(
    sandboxes.map(async ({ id }) => {
      await removeContainer(context.engine.docker.getContainer(sandboxName(context.installation, id)), id);
      await removeFolder(runDir, id);
    }),
  );
  const volumes = workspaces ? await listWorkspaces(context) : [];
  await allOf(volumes.map(async ({ id }) => await removeWorkspace(context, id)));
  return { sandboxes: sandboxes.length, workspaces: volumes.length };
}

/** Tries to remove every one, also when another one could not be removed. */
async function allOf(removals: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(removals)).find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
}
