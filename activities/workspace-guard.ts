import { isDockerError } from '../docker/errors.ts';
import type { SandboxRuntime } from '../docker/sandbox.ts';
import { type WorkspaceWatch, watchWorkspace } from '../docker/watch-workspace.ts';

const EVERY_MS = 5_000;
const MEGABYTE = 1024 * 1024;

/**
 * Holds workspaces to their size where the engine cannot: while a turn runs, the workspace is counted, and when it is
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
  readonly runtime: Pick<SandboxRuntime, 'workspaceBytes' | 'killAgent' | 'limitsWorkspaces'>;
  /** What a workspace may hold, in MB. */
  readonly limitMb: number;
}

export function createWorkspaceGuard({ runtime, limitMb }: WorkspaceGuardDependencies): WorkspaceGuard {
  const watches = new Map<string, WorkspaceWatch>();
  const notices = new Map<string, string>();

  function watch(id: string, uid: number): void {
    const onOver = (bytes: number): void => {
      const megabytes = Math.ceil(bytes / MEGABYTE);
      notices.set(id, `The workspace takes ${megabytes} MB of ${limitMb} MB: this was ended. Delete files first.`);
      // Watched on: what fills it may start again.
      const again = (): void => {
        if (watches.has(id)) watch(id, uid);
      };
      runtime.killAgent(id, uid).then(again, again);
    };
    // Whoever makes it run again begins anew.
    const onError = (error: unknown): void => {
      if (isDockerError(error, 'SandboxMissing') || isDockerError(error, 'SandboxNotRunning')) end(id);
    };
    const limitBytes = limitMb * MEGABYTE;
    watches.set(id, watchWorkspace({ runtime, id, uid, limitBytes, everyMs: EVERY_MS, onOver, onError }));
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
