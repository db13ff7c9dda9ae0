import { setTimeout as sleep } from 'node:timers/promises';
import type { SupervisedProcess, SupervisedState } from '../../contracts/setup-state.ts';
import { SetupError } from '../../setup/errors.ts';
import type { ChildSpec, ReadyLine } from './child-spec.ts';
import { lastWords } from './last-words.ts';
import { type Ask, askWithin, watchLiveness } from './liveness.ts';
import { type Child, type ChildExit, spawnChild } from './spawn-child.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** After running for so long, the next crash counts as the first again. */
const HEALTHY_MS = 30_000;

export interface SupervisedOptions {
  readonly logFile: string;
  readonly onChange: () => void;
  /** Called with each new pid, and with undefined when the process is gone. With it, the next `up` finds what a killed one left. */
  readonly onPid: (pid: number | undefined) => Promise<void>;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

/** One process that is kept running until it is stopped. */
export interface Supervised {
  /** Resolves when the process can be used: with its ready line, or with undefined when it is probed. Rejects when the first start fails. */
  start(): Promise<ReadyLine | undefined>;
  /** Ends it by SIGKILL, as if it had crashed; it is started again. False when it does not run. */
  kill(): boolean;
  stop(): Promise<void>;
  view(): SupervisedProcess;
}

/**
 * Keeps a process running.
 *
 * - One that ends is started again after a pause. The pause doubles up to ten seconds while the process does not stay up for thirty.
 * - One that hangs is replaced (liveness.ts): ours by SIGKILL, a program that is not ours in good order first.
 * - One that answers is left alone, however long it takes to get ready again.
 */
export function supervise(spec: ChildSpec, options: SupervisedOptions): Supervised {
  let child: Child | undefined;
  let state: SupervisedState = 'starting';
  let since = new Date();
  let restarts = 0;
  let pause = FIRST_PAUSE_MS;
  const stopping = new AbortController();
  let following: Promise<void> = Promise.resolve();
  let stopWatching = (): void => {};

  function enter(next: SupervisedState): void {
    state = next;
    since = new Date();
    options.onChange();
  }

  async function launch(): Promise<ReadyLine | undefined> {
    const launched = await spawnChild(spec, options.logFile);
    child = launched;
    await options.onPid(launched.pid);
    // Somebody asked to stop before there was a process that could be stopped.
    if (stopping.signal.aborted) throw beingStopped();
    enter(restarts === 0 ? 'starting' : 'restarting');
    const line = await untilReady(spec, launched);
    enter('running');
    watch(launched);
    return line;
  }

  function watch(current: Child): void {
    if (!spec.liveness) return;
    stopWatching = watchLiveness(askOf(current), spec.liveness, (why) => {
      options.log('is replaced', { process: spec.name, why });
      void replace(current);
    });
  }

  function askOf(current: Child): Ask {
    const ask = spec.liveness?.ask;
    if (typeof ask === 'function') return ask;
    return async (signal) => await current.answers(signal).then(() => 'serves');
  }

  async function replace(current: Child): Promise<void> {
    // A process of ours that hangs hears no SIGTERM. A program may end its sessions in order, as PostgreSQL does.
    if (spec.liveness?.ask !== 'event-loop') {
      current.signal('SIGTERM');
      await Promise.race([current.exited, sleep(spec.stopWithinMs, undefined, { ref: false })]);
    }
    current.killGroup();
  }

  /** Waits for the end of the child and starts the next one, until it is told to stop. */
  async function keepRunning(): Promise<void> {
    for (;;) {
      if (child) {
        const exit = await child.exited;
        stopWatching();
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
      stopWatching();
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
    const { readiness } = wanted;
    const ready = readiness === 'line' ? current.line : readiness(over.signal).then(() => undefined);
    const ended = current.exited.then(asFailure);
    let outcome: ReadyLine | undefined | string;
    do {
      const tooLate = sleep(wanted.readyWithinMs, 'late' as const, { ref: false, signal: over.signal });
      tooLate.catch(() => {});
      outcome = await Promise.race([ready, tooLate, ended]);
    } while (outcome === 'late' && (await mayTakeLonger(current)));
    over.abort();
    if (stopping.signal.aborted) throw beingStopped();
    if (outcome === 'late') throw await failure(`was not ready within ${wanted.readyWithinMs / 1000} s`);
    if (typeof outcome === 'string') throw await failure(outcome);
    return outcome;
  }

  /**
   * Whether a process that is not ready in time is waited for. A first start that only answers has failed, for somebody waits for
   * it at a terminal. PostgreSQL in recovery is waited for in any case: killed, it would begin its recovery again.
   */
  async function mayTakeLonger(current: Child): Promise<boolean> {
    if (!spec.liveness || stopping.signal.aborted) return false;
    const answer = await askWithin(askOf(current), spec.liveness.everyMs);
    return answer === 'starting' || (answer === 'serves' && restarts > 0);
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
