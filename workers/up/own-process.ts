import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../setup/host/home.ts';
import type { ReadyLine } from './child-spec.ts';
import { EVENT_LOOP } from './liveness.ts';
import type { UpContext } from './up-context.ts';

/** A process of this checkout. */
export interface OwnProcess {
  readonly name: string;
  /** From the root of the checkout. */
  readonly script: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly afterStop?: () => Promise<void>;
}

const READY_MS = 60_000;
/** A worker drains within 30 s (workers/run-process.ts). */
const STOP_MS = 35_000;

/** Starts it, keeps it running, and returns its ready line. */
export async function startOwn(context: UpContext, { name, script, env, afterStop }: OwnProcess): Promise<ReadyLine> {
  const line = await context.supervisor.start({
    name,
    script: path.join(ROOT, script),
    env: definedOf(env),
    readiness: 'line',
    readyWithinMs: READY_MS,
    liveness: EVENT_LOOP,
    stopWithinMs: STOP_MS,
    afterStop,
  });
  return line ?? { ready: name };
}

/** Whether a script is there. `demo/` may be deleted; the rest works without it. */
export function exists(script: string): boolean {
  return existsSync(path.join(ROOT, script));
}

/** An environment without the variables that have no value. */
export function definedOf(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
