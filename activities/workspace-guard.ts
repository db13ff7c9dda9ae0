import { isDockerError } from '../docker/errors.ts';
import type { SandboxRuntime, WorkspaceUse } from '../docker/sandbox.ts';
import { type WorkspaceWatch, watchWorkspace } from '../docker/watch-workspace.ts';

const EVERY_MS = 5_000;
const MEGABYTE = 1024 * 1024;
/** As many inodes as ext4 makes, without being told, for a disk of the default size of a workspace: one for 16 KB. */
export const DEFAULT_WORKSPACE_FILES = 300_000;

/**
 * Holds workspaces to their size and number of files where the engine cannot: while a turn runs, the workspace is counted, and when it is
 * over, the agent's processes are ended. Found some seconds late, which `bellhop doctor` says.
 */
export interface WorkspaceGuard {
  /** Guards until `end`, or until the sandbox does not run any more; asking twice is fine. */
  begin(sandbox: string, uid: number): Promise<void>;
  end(sandbox: string): void;
  /** What a command that was ended for this is told; null when it was not, or the telling was done. */
  takeNotice(sandbox: string): string | null;
}

export interface WorkspaceGuardDependencies {
  readonly runtime: Pick<SandboxRuntime, 'workspaceUse' | 'diskUse' | 'killAgent' | 'limitsWorkspaces'>;
  /** What a workspace may hold, in MB. */
  readonly limitMb: number;
  /** How many files and folders it may hold. */
  readonly limitFiles: number;
}

/**
 * One for each runner process. It watches only while this process lives: another one begins anew with the next tool
 * call.
 */
export function createWorkspaceGuard({ runtime, limitMb, limitFiles }: WorkspaceGuardDependencies): WorkspaceGuard {
  const watches = new Map<string, WorkspaceWatch>();
  const notices = new Map<string, string>();
  const limit: WorkspaceUse = { bytes: limitMb * MEGABYTE, files: limitFiles };

  function watch(id: string, uid: number): void {
    const endAgent = (why: string): void => {
      notices.set(id, `The workspace ${why}: this was ended. Delete files first.`);
      // The watch goes on, because what fills the workspace may start again.
      const again = (): void => {
        if (watches.has(id)) watch(id, uid);
      };
      runtime.killAgent(id, uid).then(again, again);
    };
    const onOver = ({ bytes, files }: WorkspaceUse): void =>
      endAgent(
        bytes > limit.bytes
          ? `takes ${Math.ceil(bytes / MEGABYTE)} MB of ${limitMb} MB`
          : `holds ${files} files of ${limitFiles}`,
      );
    const onHindered = (): void => endAgent('could not be counted');
    // When the sandbox is made to run again, counting starts again.
    const onError = (error: unknown): void => {
      if (isDockerError(error, 'SandboxMissing') || isDockerError(error, 'SandboxNotRunning')) end(id);
    };
    watches.set(id, watchWorkspace({ runtime, id, uid, limit, everyMs: EVERY_MS, onOver, onHindered, onError }));
  }

  function end(id: string): void {
    watches.get(id)?.stop();
    watches.delete(id);
    notices.delete(id);
  }

  return {
    async begin(id, uid) {
      if (await runtime.limitsWorkspaces()) return;
      if (!watches.has(id)) watch(id, uid);
    },
    end,
    takeNotice(id) {
      const notice = notices.get(id) ?? null;
      notices.delete(id);
      return notice;
    },
  };
}
