/** How much of the spool each sandbox has filled. */
export interface SpoolShares {
  add(segment: string, sandbox: string, bytes: number): void;
  /** Subtracts the bytes of a segment that was removed. */
  remove(segment: string): void;
  of(sandbox: string): number;
}

/** Counts only what this process wrote. Segments of an earlier process count towards no sandbox. */
export function createSpoolShares(): SpoolShares {
  const bySegment = new Map<string, Map<string, number>>();
  const bySandbox = new Map<string, number>();

  function change(sandbox: string, bytes: number): void {
    const held = (bySandbox.get(sandbox) ?? 0) + bytes;
    if (held > 0) bySandbox.set(sandbox, held);
    else bySandbox.delete(sandbox);
  }

  return {
    add(segment, sandbox, bytes) {
      const held = bySegment.get(segment) ?? new Map<string, number>();
      bySegment.set(segment, held.set(sandbox, (held.get(sandbox) ?? 0) + bytes));
      change(sandbox, bytes);
    },
    remove(segment) {
      for (const [sandbox, bytes] of bySegment.get(segment) ?? []) change(sandbox, -bytes);
      bySegment.delete(segment);
    },
    of: (sandbox) => bySandbox.get(sandbox) ?? 0,
  };
}
