import { z } from 'zod';
import type { Liveness } from './liveness.ts';

/** The one line that a child prints to stdout when it can be used. Further fields beside `ready` are the child's own. */
export const readyLine = z.looseObject({ ready: z.string() });
export type ReadyLine = z.infer<typeof readyLine>;

/** Resolves when the process can be used. Tries until then, or until `signal` aborts. */
export type Probe = (signal: AbortSignal) => Promise<void>;

/** A process that `up` keeps running. */
export interface ChildSpec {
  readonly name: string;
  /** A TypeScript file, run by the Node that runs us. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Its whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Further variables, which `/proc/<pid>/environ` does not show. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
  /** `line` waits for the ready line; a function resolves when the process can be used. */
  readonly readiness: 'line' | Probe;
  /**
   * A first start that takes longer has failed. A process that was started again is given more time for as long as it answers
   * ({@link liveness}).
   */
  readonly readyWithinMs: number;
  /** How it is found out that it hangs. Without it, only its end is noticed. */
  readonly liveness?: Liveness | undefined;
  /** How long it may take to end after SIGTERM; then it gets SIGKILL. */
  readonly stopWithinMs: number;
  /** Runs after it has stopped because `up` stops, and before anything that it depends on is stopped. */
  readonly afterStop?: (() => Promise<void>) | undefined;
}
