import { setTimeout as sleep } from 'node:timers/promises';
import type { SupervisedProcess, SupervisedState } from '../../contracts/setup-state.ts';
import { SetupError } from '../../setup/errors.ts';
import type { ChildSpec, ReadyLine } from './child-spec.ts';
import { lastWords } from './last-words.ts';
import { type Child, type ChildExit, spawnChild } from './spawn-child.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** Having run that long, the next crash counts as the first. */
const HEALTHY_MS = 30_000;

export interface SupervisedOptions {
  readonly logFile: string;
  readonly onChange: () => void;
  /** Called with each new pid and, when it is gone, with undefined; kept so that the next `up` finds what a killed one left. */
  readonly onPid: (pid: number | undefined) => Promise<void>;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

/** One process that is kept running until it is stopped. */
export interface Supervised {
  /** Resolves with its ready line (or undefined when readiness is probed); rejects when the first start fails. */
  start(): Promise<ReadyLine | undefined>;
  /** SIGKILL, as a crash would be; it is started again. False when it does not run. */
  kill(): boolean;
  stop(): Promise<void>;
  view(): SupervisedProcess;
}

/** A process that ends is started again after a pause, which doubles up to ten seconds while it does not stay up for thirty. */
export function supervise(spec: ChildSpec, options: SupervisedOptions): Supervised {
  let child: Child | undefined;
  let state: SupervisedState = 'starting';
  let since = new Date();
  let restarts = 0;
  let pause = FIRST_PAUSE_MS;
  const stopping = new AbortController();
  let following: Promise<void> = Promise.resolve();

  function enter(next: SupervisedState): void {
    state = next;
    since = new Date();
    options.onChange();
  }

  async function launch(): Promise<ReadyLine | undefined> {
    const launched = await spawnChild(spec, options.logFile);
    child = launched;
    await options.onPid(launched.pid);
    // `stop` came before there was a process to be stopped.
    if (stopping.signal.aborted) throw beingStopped();
    enter(restarts === 0 ? 'starting' : 'restarting');
    const line = await untilReady(spec, launched);
    enter('running');
    return line;
  }

  /** Waits for the end of the child and starts the next one, until it is told to stop. */
  async function keepRunning(): Promise<void> {
    for (;;) {
      if (child) {
        const exit = await child.exited;
        child.killGroup();
        if (!stopping.signal.aborted) options.log('exited', { process: spec.name, ...exit });
      }
      child = undefined;
      await options.onPid(undefined);
      if (stopping.signal.aborted) return;
      if (state === 'running' && Date.now() - since.getTime() > HEALTHY_MS) pause = FIRST_PAUSE_MS;
      restarts += 1;
      enter('restarting');
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {});
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      if (stopping.signal.aborted) return;
      await launch().catch((error: Error) => {
        options.log('did not come back', { process: spec.name, reason: error.message });
        child?.killGroup();
      });
    }
  }

  return {
    async start() {
      try {
        const line = await launch();
        following = keepRunning();
        return line;
      } catch (error) {
        child?.killGroup();
        await child?.exited;
        child = undefined;
        await options.onPid(undefined);
        enter(stopping.signal.aborted ? 'stopped' : 'failed');
        throw error;
      }
    },
    kill() {
      if (!child || state === 'stopping') return false;
      child.signal('SIGKILL');
      return true;
    },
    async stop() {
      stopping.abort();
      const current = child;
      if (current) {
        enter('stopping');
        current.signal('SIGTERM');
        const ended = current.exited.then(() => true);
        if (!(await Promise.race([ended, sleep(spec.stopWithinMs, false, { ref: false })]))) {
          options.log('did not stop in time', { process: spec.name });
          current.killGroup();
        }
        await current.exited;
      }
      await following;
      await spec.afterStop?.().catch((error: Error) => {
        options.log('left something behind', { process: spec.name, reason: error.message });
      });
      enter('stopped');
    },
    view: () => ({ name: spec.name, pid: child?.pid ?? null, state, restarts, since: since.toISOString() }),
  };

  async function untilReady(wanted: ChildSpec, current: Child): Promise<ReadyLine | undefined> {
    const over = new AbortController();
    const tooLate = sleep(wanted.readyWithinMs, 'late' as const, { ref: false, signal: over.signal });
    const { readiness } = wanted;
    const ready = readiness === 'line' ? current.line : readiness(over.signal).then(() => undefined);
    const outcome = await Promise.race([ready, tooLate, current.exited.then(asFailure)]);
    over.abort();
    tooLate.catch(() => {});
    if (stopping.signal.aborted) throw beingStopped();
    if (outcome === 'late') throw await failure(`was not ready within ${wanted.readyWithinMs / 1000} s`);
    if (typeof outcome === 'string') throw await failure(outcome);
    return outcome;
  }

  function beingStopped(): SetupError {
    return new SetupError('stopping', `${spec.name} is being stopped`);
  }

  async function failure(what: string): Promise<SetupError> {
    const words = await lastWords(options.logFile);
    return new SetupError('child-failed', `${spec.name} ${what}${words && `: ${words}`}`, `read ${options.logFile}`);
  }
}

function asFailure({ code, signal }: ChildExit): string {
  return `ended ${signal ? `by ${signal}` : `with exit code ${code}`} before it was ready`;
}
