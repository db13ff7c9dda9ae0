import path from 'node:path';
import type { ChildSpec, Probe } from './child-spec.ts';

/** A program that is not ours, run by guard.ts. */
export interface GuardedProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** What makes it stop in good order. */
  readonly stopSignal: NodeJS.Signals;
  readonly stopWithinMs: number;
}

/** The child of `up` that runs such a program. `probe` resolves when the program can be used; `liveness` asks the program itself. */
export function guarded(
  program: GuardedProgram,
  child: Pick<ChildSpec, 'name' | 'env' | 'readyWithinMs' | 'liveness'> & { readonly probe: Probe },
): ChildSpec {
  const { probe, ...rest } = child;
  return {
    ...rest,
    script: path.join(import.meta.dirname, 'guard.ts'),
    args: [JSON.stringify(program)],
    readiness: probe,
    stopWithinMs: program.stopWithinMs + 2_000,
  };
}
