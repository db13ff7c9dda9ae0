import type { SandboxPort, StepCommand, StepOutcome } from '../agent/tools/sandbox-port.ts';
import type { ProvisionInput } from '../contracts/activities.ts';
import { DockerError, isDockerError } from '../docker/errors.ts';
import type { SandboxRuntime, StepResult } from '../docker/sandbox.ts';
import type { Database } from '../store/database.ts';
import { forgetIncarnationOfStep, incarnationOfStep } from '../store/sandboxes.ts';
import { getSession } from '../store/sessions.ts';
import type { BringUp } from './bring-up.ts';
import { failure, turnOver } from './failure.ts';
import type { WorkspaceGuard } from './workspace-guard.ts';

export interface SandboxPortInput extends ProvisionInput {
  /**
   * The run of the session's workflow. Commands bear it in their names, and no sandbox is told it: whoever could name a
   * command before it is started could leave a result for it.
   */
  readonly run: string;
}

/** Binds the tools' view of a sandbox to one sandbox and the agent's user of its session. */
export interface SandboxPorts {
  of(input: SandboxPortInput): Promise<SandboxPort>;
}

export interface SandboxPortsDependencies {
  readonly runtime: SandboxRuntime;
  readonly database: Database;
  readonly guard: WorkspaceGuard;
  readonly bringUp: BringUp;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

/**
 * A sandbox that went away during the turn is brought up again by the next tool that needs it: only the command that
 * ran in it is lost.
 */
export function createSandboxPorts(dependencies: SandboxPortsDependencies): SandboxPorts {
  const { runtime, database, guard, bringUp } = dependencies;
  return {
    async of(input) {
      const { session, sandbox, turn } = input;
      const { agentUid: uid } = await getSession(database, session);
      // Another process may have guarded it when the turn began.
      await guard.begin(sandbox, uid);
      const awake: Awake = async (work, signal) => {
        try {
          return await work();
        } catch (error) {
          if (!isGone(error)) throw error;
          await bringUp(input);
          signal.throwIfAborted();
          return await work().catch(asSandboxFailure);
        }
      };
      return {
        runStep: (command) => runStep(dependencies, input, uid, awake, command),
        openPiped: (command, { signal }) =>
          awake(() => runtime.openPiped(sandbox, { uid, turn, command, signal }), signal),
        async readFile(path, { maxBytes, signal }) {
          const file = await awake(() => runtime.readFile(sandbox, uid, path, { maxBytes }), signal);
          if (!file.truncated) return file.bytes;
          throw new DockerError('FileTooLarge', `${path} has ${file.size} bytes; the limit is ${maxBytes}`);
        },
        async writeFile(path, bytes, { signal }) {
          const options = { maxBytes: bytes.length, turn, signal };
          await awake(() => runtime.writeFile(sandbox, uid, path, bytes, options), signal).catch(ofTurn(turn));
        },
      };
    },
  };
}

/** Does work that needs a running sandbox. When the sandbox was not running, it is brought up and the work is done once more. */
type Awake = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** As a shell says of a command that SIGKILL ended. */
const KILLED = 137;

async function runStep(
  { runtime, database, guard, clock }: SandboxPortsDependencies,
  { session, sandbox, run }: SandboxPortInput,
  uid: number,
  awake: Awake,
  { step, command, timeoutMs, signal, onProgress }: StepCommand,
): Promise<StepOutcome> {
  const [turn = 0, number = 0] = step
    .slice(session.length + 1)
    .split('/')
    .map(Number);
  const ref = { session, turn, step: number };
  const began = clock();
  let bytes = 0;
  const runOnce = async (): Promise<StepResult> => {
    const incarnation = await incarnationOfStep(database, sandbox, ref);
    if (incarnation === undefined) throw turnOver(turn);
    try {
      return await runtime.runStep(sandbox, {
        uid,
        step: `${run}/${step}`,
        turn,
        command,
        timeoutMs,
        signal,
        ...(incarnation !== null && { incarnation }),
        onOutput(chunk) {
          bytes += chunk.length;
          onProgress?.(bytes);
        },
      });
    } catch (error) {
      // The command never reached a sandbox, so it may be started in the container's next life.
      if (isGone(error) && incarnation === null) await forgetIncarnationOfStep(database, ref);
      throw error;
    }
  };
  const result = await awake(runOnce, signal).catch(ofTurn(turn));
  const notice = result.outcome === 'killed' ? guard.takeNotice(sandbox) : null;
  return {
    exitCode: notice !== null ? KILLED : result.outcome === 'finished' ? result.exitCode : null,
    output: Buffer.from(notice === null ? result.output : `${result.output}\n${notice}\n`),
    outputBytes: result.outputBytes,
    timedOut: result.timedOut,
    durationMs: Math.round(clock() - began),
  };
}

/** What a sandbox refuses because the turn is over. */
function ofTurn(turn: number): (error: unknown) => never {
  return (error) => {
    throw isDockerError(error, 'TurnOver') ? turnOver(turn, error) : error;
  };
}

function isGone(error: unknown): error is DockerError {
  return isDockerError(error, 'SandboxMissing') || isDockerError(error, 'SandboxNotRunning');
}

/** A sandbox that cannot be kept up is a failure of the turn, not of the tool. */
function asSandboxFailure(error: unknown): never {
  if (isGone(error)) throw failure('SandboxLost', error.message, { cause: error });
  throw error;
}
