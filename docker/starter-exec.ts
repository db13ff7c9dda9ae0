import type { Socket } from 'node:net';
import type Docker from 'dockerode';
import { DockerError, engineError, sandboxError, wordsOf } from './errors.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { sandboxName } from './sandbox-names.ts';
import { startAwake } from './start-awake.ts';
import { type StreamFrame, starterFrames, stdoutOf } from './starter-frames.ts';
import { within } from './within.ts';

/** Where a starter runs: one sandbox, as one user of it. */
export interface StarterTarget extends SandboxContext {
  /** The sandbox's. */
  readonly id: string;
  readonly uid: number;
}

export interface StarterTime {
  /** Ends the call. What runs in the sandbox goes on. */
  readonly signal?: AbortSignal;
  /** After this, the call is given up: the stream of an exec may hang, or the starter be stopped by the agent. */
  readonly timeoutMs: number;
}

export interface OpenedStarter {
  readonly exec: Docker.Exec;
  readonly socket: Socket;
}

/** Starts the starter in a container, by the engine's exec. */
export async function openStarter(
  target: StarterTarget,
  args: readonly string[],
  time: StarterTime & { readonly input: boolean },
): Promise<OpenedStarter> {
  return openExec(target, ['/usr/local/bin/bellhop-step', ...args], time);
}

/** Starts a program in a container as the agent's user. A call that is stopped already starts nothing. */
export async function openExec(
  target: StarterTarget,
  command: readonly string[],
  { input, timeoutMs, signal }: StarterTime & { readonly input: boolean },
): Promise<OpenedStarter> {
  signal?.throwIfAborted();
  const opening = startAwake(target, target.id, () => open(target, command, input));
  // The engine may not answer at all, while it hangs on this one container.
  return await within(timeoutMs, opening, signal).catch((error: unknown) => {
    opening.then(
      (late) => late.socket.destroy(),
      () => undefined,
    );
    throw error;
  });
}

async function open(target: StarterTarget, command: readonly string[], input: boolean): Promise<OpenedStarter> {
  try {
    const exec = await target.engine.docker.getContainer(sandboxName(target.installation, target.id)).exec({
      Cmd: [...command],
      User: `${target.uid}:${target.uid}`,
      AttachStdout: true,
      AttachStderr: true,
      AttachStdin: input,
      Tty: false,
    });
    // Hijacked, so that this is the bare connection: the client's own duplex cuts output when its input ends.
    const socket = (await exec.start({ hijack: true, stdin: input })) as unknown as Socket;
    return { exec, socket };
  } catch (error) {
    throw sandboxError('run a program in the sandbox', target.id, error);
  }
}

/** Breaks the connection when the call's time is up or its signal aborts. What runs in the sandbox goes on. */
export function watchTime(socket: Socket, id: string, { signal, timeoutMs }: StarterTime): Disposable {
  const timeout = new DockerError('ExecTimeout', `sandbox ${id} gave no answer within ${timeoutMs} ms`);
  const timer = setTimeout(() => socket.destroy(timeout), timeoutMs);
  const onAbort = () => socket.destroy(signal?.reason ?? new Error('aborted'));
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

/** What to throw for an exec that ended early: the reason of the abort, if there was one. */
export function brokenOff(id: string, { signal }: StarterTime, error: unknown): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof DockerError) return error;
  return new DockerError('ExecFailed', `lost the program in sandbox ${id}: ${wordsOf(error)}`, error);
}

const MAX_WORDS = 500;

export interface StarterSpeech {
  readonly frames: AsyncGenerator<StreamFrame, void>;
  /** Why it ended without an answer, as far as the engine knows. */
  noAnswer(): Promise<DockerError>;
}

/** Listens to a starter. The agent may write on its streams too, so no more than some words of stderr are kept. */
export function listenTo({ exec, socket }: OpenedStarter, id: string): StarterSpeech {
  let words = '';
  const hear = (bytes: Buffer) => {
    words = `${words}${bytes.subarray(0, MAX_WORDS)}`.slice(0, MAX_WORDS);
  };
  return {
    frames: starterFrames(stdoutOf(socket, hear)),
    async noAnswer() {
      try {
        const { ExitCode } = await exec.inspect();
        const how = `ended with ${ExitCode ?? 'no code'}: ${words.trim() || 'no words'}`;
        return new DockerError('ExecFailed', `the program in sandbox ${id} ${how}`);
      } catch (error) {
        return engineError('learn how a program in the sandbox ended', error);
      }
    },
  };
}
