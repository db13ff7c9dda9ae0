import type { SandboxPort, StepCommand, StepOutcome } from '../agent/tools/sandbox-port.ts';
import type { SessionId } from '../contracts/ids.ts';
import { DockerError, isDockerError } from '../docker/errors.ts';
import type { SandboxRuntime } from '../docker/sandbox.ts';
import type { Database } from '../store/database.ts';
import { incarnationOfStep } from '../store/sandboxes.ts';
import { getSession } from '../store/sessions.ts';
import { failure } from './failure.ts';
import type { WorkspaceGuard } from './workspace-guard.ts';

/** Binds the tools' view of a sandbox to one sandbox and the agent's user of its session. */
export interface SandboxPorts {
  of(session: SessionId, sandbox: string): Promise<SandboxPort>;
}

export interface SandboxPortsDependencies {
  readonly runtime: SandboxRuntime;
  readonly database: Database;
  readonly guard: WorkspaceGuard;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

export function createSandboxPorts(dependencies: SandboxPortsDependencies): SandboxPorts {
  const { runtime, database } = dependencies;
  return {
    async of(session, sandbox) {
      const { agentUid: uid } = await getSession(database, session);
      return {
        runStep: (command) => runStep(dependencies, session, sandbox, uid, command),
        async readFile(path, { maxBytes }) {
          const file = await runtime.readFile(sandbox, uid, path, { maxBytes }).catch(asSandboxFailure);
          if (!file.truncated) return file.bytes;
          throw new DockerError('FileTooLarge', `${path} has ${file.size} bytes; the limit is ${maxBytes}`);
        },
        async writeFile(path, bytes, { signal }) {
          await runtime
            .writeFile(sandbox, uid, path, bytes, { maxBytes: bytes.length, signal })
            .catch(asSandboxFailure);
        },
      };
    },
  };
}

/** As a shell says of a command that SIGKILL ended. */
const KILLED = 137;

async function runStep(
  { runtime, database, guard, clock }: SandboxPortsDependencies,
  session: SessionId,
  sandbox: string,
  uid: number,
  { step, command, timeoutMs, signal, onProgress }: StepCommand,
): Promise<StepOutcome> {
  const [turn, number] = step
    .slice(session.length + 1)
    .split('/')
    .map(Number);
  const incarnation = await incarnationOfStep(database, sandbox, { session, turn: turn ?? 0, step: number ?? 0 });
  const began = clock();
  let bytes = 0;
  const result = await runtime
    .runStep(sandbox, {
      uid,
      step,
      command,
      timeoutMs,
      signal,
      ...(incarnation !== null && { incarnation }),
      onOutput(chunk) {
        bytes += chunk.length;
        onProgress?.(bytes);
      },
    })
    .catch(asSandboxFailure);
  const notice = result.outcome === 'killed' ? guard.takeNotice(sandbox) : null;
  return {
    exitCode: notice !== null ? KILLED : result.outcome === 'finished' ? result.exitCode : null,
    output: Buffer.from(notice === null ? result.output : `${result.output}\n${notice}\n`),
    outputBytes: result.outputBytes,
    timedOut: result.timedOut,
    durationMs: Math.round(clock() - began),
  };
}

/** A container that is not there any more is a failure of the turn, not of the tool. */
function asSandboxFailure(error: unknown): never {
  if (isDockerError(error, 'SandboxMissing') || isDockerError(error, 'SandboxNotRunning')) {
    throw failure('SandboxLost', error.message, { cause: error });
  }
  throw error;
}
