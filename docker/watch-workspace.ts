import { isDockerError } from './errors.ts';
import type { SandboxRuntime, WorkspaceUse } from './sandbox.ts';

export interface WorkspaceWatch {
  /** Ends the watch; no call comes after it. */
  stop(): void;
}

export interface WatchOptions {
  readonly runtime: Pick<SandboxRuntime, 'workspaceUse'>;
  readonly id: string;
  readonly uid: number;
  readonly limit: WorkspaceUse;
  /** Between the end of one count and the start of the next. @default 10000 */
  readonly everyMs?: number;
  /** Called once, when the workspace is over its limit in bytes or in files; the watch has ended then. */
  readonly onOver: (use: WorkspaceUse) => void;
  /** Called once instead, when the counting was hindered twice in a row; the watch has ended then. */
  readonly onHindered: () => void;
  /** A count that failed for another reason, such as while the sandbox is paused. The watch goes on. */
  readonly onError?: (error: unknown) => void;
}

/** Once may be the agent's being ended by somebody else just then. */
const HINDERED_TIMES = 2;

/**
 * Counts a workspace again and again, for engines that cannot hold a volume to a size. It finds an overflow some
 * seconds late: `docs` and `bellhop doctor` say so, and a file system with quotas does better. Whoever counts is a process of the
 * agent's user: one that is killed, or does not come to its end, has been kept from counting.
 */
export function watchWorkspace(options: WatchOptions): WorkspaceWatch {
  const { runtime, id, uid, limit, everyMs = 10_000 } = options;
  let stopped = false;
  let hindered = 0;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    try {
      const use = await runtime.workspaceUse(id, uid);
      if (stopped) return;
      hindered = 0;
      if (use.bytes > limit.bytes || use.files > limit.files) {
        stopped = true;
        return options.onOver(use);
      }
    } catch (error) {
      if (stopped) return;
      if (isDockerError(error, 'ExecFailed') || isDockerError(error, 'ExecTimeout')) hindered += 1;
      if (hindered >= HINDERED_TIMES) {
        stopped = true;
        return options.onHindered();
      }
      options.onError?.(error);
    }
    plan();
  }

  function plan(): void {
    if (!stopped) timer = setTimeout(() => void look(), everyMs).unref();
  }

  plan();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
