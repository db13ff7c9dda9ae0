import { isDockerError } from './errors.ts';
import type { SandboxRuntime, WorkspaceUse } from './sandbox.ts';

export interface WorkspaceWatch {
  /** Ends the watch; no call comes after it. */
  stop(): void;
}

export interface WatchOptions {
  readonly runtime: Pick<SandboxRuntime, 'workspaceUse' | 'diskUse'>;
  readonly id: string;
  readonly uid: number;
  readonly limit: WorkspaceUse;
  /** Between the end of one count and the start of the next, at most. @default 10000 */
  readonly everyMs?: number;
  /** A workspace that was over its limit before the watch began must be within it by then. @default 60000 */
  readonly shrinkWithinMs?: number;
  /** Called once, when the workspace is over its limit in bytes or in files; the watch has ended then. */
  readonly onOver: (use: WorkspaceUse) => void;
  /** Called once instead, when a part could not be seen, or the counting was ended twice in a row; the watch has ended then. */
  readonly onHindered: () => void;
  /** A count that failed for another reason, such as while the sandbox is paused. The watch goes on. */
  readonly onError?: (error: unknown) => void;
}

/** A count that is ended once may have been ended by mistake, together with other processes of the agent. */
const HINDERED_TIMES = 2;
const PARTS = ['bytes', 'files'] as const;
/** How often the disk is looked at between two counts. */
const GLANCE_MS = 100;
/** The same while it grows fast: by this part of what is left since the last look. */
const FAST_GLANCE_MS = 10;
const FAST_PART = 0.02;
/** The part of what is left that may be written unseen before the next count. */
const UNSEEN_PART = 0.5;
/** A workspace that was over its limit before the watch began is counted again after this time, to see whether it grows. */
const RECOUNT_MS = 500;
/** The part of the limit that counts as left until the first count. The workspace may be nearly full from before. */
const UNKNOWN_PART = 0.1;

/** A look at the disk between two counts. */
interface Glance {
  /** What the disk held when the last count began. Null: it cannot be looked at. */
  readonly before: WorkspaceUse | null;
  /** What it held at the last look. */
  readonly seen: WorkspaceUse | null;
  /** When the workspace is counted in any case. */
  readonly due: number;
}

/**
 * Holds a workspace to its limit where the engine cannot: it counts again and again, and tells when the limit is passed.
 *
 * A count every few seconds alone is too slow: a fast writer makes some ten thousand files in that time. So the disk that
 * all workspaces share is looked at many times a second, which costs nothing. When the whole disk has grown by half of what
 * this workspace may still take, the workspace is counted at once. The nearer it is to its limit, the sooner that happens. While the
 * disk grows fast it is looked at more often. Right after a count that found the workspace itself grown it is looked at without
 * delay, because a count takes a part of a second.
 *
 * A workspace may be over its limit when the watch begins, because the command before it was ended for that. The command that
 * cleans up must be let do so, also where it looks around first. Therefore, until a count was within the limit, only a count that
 * is higher than the one before is told, and what is still over after a minute. The first count is told where the disk has grown
 * by as much as the workspace is over, because then this watch's own command may have written it.
 *
 * The count runs inside the sandbox as the agent's user, who can hinder it. Therefore a count that is ended twice in a row, or
 * that could not see a part of the workspace, is treated like one over the limit.
 */
export function watchWorkspace(options: WatchOptions): WorkspaceWatch {
  const { runtime, id, uid, limit, everyMs = 10_000, shrinkWithinMs = 60_000 } = options;
  let stopped = false;
  let hindered = 0;
  const began = Date.now();
  let wasWithin = false;
  /** What the disk held when the watch began. */
  let atFirst: WorkspaceUse | null = null;
  /** The count before, while the workspace is over its limit from before. */
  let last: WorkspaceUse | null = null;
  /** At the last count. */
  let left: WorkspaceUse = { bytes: limit.bytes * UNKNOWN_PART, files: limit.files * UNKNOWN_PART };
  let timer: NodeJS.Timeout | undefined;

  async function count(): Promise<void> {
    const before = await runtime.diskUse();
    let isGrowing = false;
    try {
      const use = await runtime.workspaceUse(id, uid);
      if (stopped) return;
      hindered = 0;
      const over = use.bytes > limit.bytes || use.files > limit.files;
      if (over && use.complete && (await wasOver(use))) {
        last = use;
        timer = setTimeout(() => void count(), RECOUNT_MS).unref();
        return;
      }
      if (over || !use.complete) {
        stopped = true;
        return over ? options.onOver(use) : options.onHindered();
      }
      const leaves = { bytes: limit.bytes - use.bytes, files: limit.files - use.files };
      isGrowing = !wasWithin || hasGrown(leaves, left, FAST_PART);
      wasWithin = true;
      left = leaves;
    } catch (error) {
      if (stopped) return;
      if (isDockerError(error, 'ExecFailed') || isDockerError(error, 'ExecTimeout')) hindered += 1;
      if (hindered >= HINDERED_TIMES) {
        stopped = true;
        return options.onHindered();
      }
      options.onError?.(error);
    }
    const next: Glance = { before, seen: before, due: Date.now() + everyMs };
    timer = setTimeout(() => void glance(next), isGrowing ? 0 : Math.min(GLANCE_MS, everyMs)).unref();
  }

  /** Whether a workspace is over its limit from before, does not grow, and has time left to get below it. */
  async function wasOver(use: WorkspaceUse): Promise<boolean> {
    if (wasWithin || Date.now() - began > shrinkWithinMs) return false;
    const disk = await runtime.diskUse();
    return PARTS.every((part) => {
      const excess = use[part] - limit[part];
      if (excess <= 0) return true;
      if (last !== null) return use[part] <= last[part];
      return disk === null || atFirst === null || disk[part] - atFirst[part] < excess;
    });
  }

  async function glance({ before, seen, due }: Glance): Promise<void> {
    const now = Date.now() < due && before !== null ? await runtime.diskUse() : null;
    if (stopped) return;
    const wait = Math.max(0, due - Date.now());
    if (before === null) timer = setTimeout(() => void count(), wait).unref();
    else if (now === null || hasGrown(before, now, UNSEEN_PART)) await count();
    else {
      const soon = hasGrown(seen ?? now, now, FAST_PART) ? FAST_GLANCE_MS : GLANCE_MS;
      timer = setTimeout(() => void glance({ before, seen: now, due }), Math.min(soon, wait)).unref();
    }
  }

  function hasGrown(before: WorkspaceUse, now: WorkspaceUse, part: number): boolean {
    return PARTS.some((each) => now[each] - before[each] > left[each] * part);
  }

  void runtime.diskUse().then((disk) => {
    atFirst = disk;
    void glance({ before: disk, seen: disk, due: Date.now() + everyMs });
  });
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
