import { z } from 'zod';

/** The one line a child prints to stdout when it can be used; what stands beside `ready` is its own. */
export const readyLine = z.looseObject({ ready: z.string() });
export type ReadyLine = z.infer<typeof readyLine>;

/** Tries until the process can be used, or nobody waits any more. */
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
  readonly readyWithinMs: number;
  /** After SIGTERM; then SIGKILL. */
  readonly stopWithinMs: number;
  /** Runs when it has stopped because `up` stops, before anything it stands on is stopped. */
  readonly afterStop?: (() => Promise<void>) | undefined;
}
