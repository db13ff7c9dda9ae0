import type { Connection } from '../../access/document.ts';

/** Calls back when the overlap of a rotation ends, so that requests with the earlier credential can be ended. */
export interface OverlapTimer {
  /** Waits for the next end. Call it at each change of the policy. */
  set(connections: readonly Connection[]): void;
  clear(): void;
}

/** A timer of Node fires at once beyond 24.8 days. A later end is looked at again after this time. */
const LONGEST_MS = 86_400_000;

/** @param onEnd called when the overlap of one or more connections has ended */
export function createOverlapTimer(onEnd: () => void): OverlapTimer {
  let timer: NodeJS.Timeout | undefined;

  const clear = () => clearTimeout(timer);

  function set(connections: readonly Connection[]): void {
    clear();
    const ends = connections.flatMap(({ retiring }) => (retiring ? [Date.parse(retiring.until)] : []));
    const next = Math.min(...ends.filter((end) => end > Date.now()));
    if (!Number.isFinite(next)) return;
    timer = setTimeout(
      () => {
        onEnd();
        set(connections);
      },
      // One millisecond later, so that the end has passed for certain.
      Math.min(next - Date.now() + 1, LONGEST_MS),
    );
  }

  return { set, clear };
}
