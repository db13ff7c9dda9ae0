import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import { DockerError, engineError, sandboxError, wordsOf } from './errors.ts';
import { pieces, type StarterFrame, starterFrames, stdoutOf } from './exec-frames.ts';
import { within } from './within.ts';

export interface StarterCall {
  readonly docker: Docker;
  /** The container's name. */
  readonly container: string;
  /** The sandbox's id, for messages. */
  readonly id: string;
  readonly uid: number;
  readonly args: readonly string[];
  readonly input?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
  /** After this, the call is given up: the stream of an exec may hang, or the starter be stopped by the agent. */
  readonly timeoutMs: number;
}

/**
 * Runs the starter in a sandbox as the agent's user and yields what it says. Ends after its last frame, a 'json' one,
 * without waiting for the engine to notice the end; throws when there was none. Breaking off closes the connection,
 * which leaves the process in the sandbox as it is.
 */
export async function* callStarter(call: StarterCall): AsyncGenerator<StarterFrame, void> {
  const opening = open(call);
  // An agent may stop the exec before it begins: then the engine does not answer at all.
  const { exec, socket } = await within(call.timeoutMs, opening).catch((error: unknown) => {
    opening.then(
      (late) => late.socket.destroy(),
      () => undefined,
    );
    throw error;
  });
  const timeout = new DockerError('ExecTimeout', `sandbox ${call.id} gave no answer within ${call.timeoutMs} ms`);
  const timer = setTimeout(() => socket.destroy(timeout), call.timeoutMs);
  const onAbort = () => socket.destroy(call.signal?.reason ?? new Error('aborted'));
  call.signal?.addEventListener('abort', onAbort, { once: true });
  if (call.signal?.aborted) onAbort();
  const sending = call.input ? send(socket, call.input) : Promise.resolve();
  sending.catch(() => {});
  const said: Buffer[] = [];
  let last: StarterFrame['kind'] | undefined;
  try {
    for await (const frame of starterFrames(stdoutOf(socket, (bytes) => said.push(bytes)))) {
      last = frame.kind;
      yield frame;
    }
    if (last !== 'json') throw await noAnswer(call, exec, said);
  } catch (error) {
    // When what was to be sent broke, that is the cause of everything after.
    await Promise.race([sending, Promise.resolve()]);
    throw brokenOff(call, error);
  } finally {
    clearTimeout(timer);
    call.signal?.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

/** For calls that answer with one object and no data. */
export async function askStarter(call: StarterCall): Promise<Readonly<Record<string, unknown>>> {
  for await (const frame of callStarter(call)) if (frame.kind === 'json') return frame.value;
  throw new DockerError('ExecFailed', `sandbox ${call.id} gave no answer`);
}

async function open(call: StarterCall): Promise<{ exec: Docker.Exec; socket: Socket }> {
  try {
    const exec = await call.docker.getContainer(call.container).exec({
      Cmd: ['/usr/local/bin/bellhop-step', ...call.args],
      User: `${call.uid}:${call.uid}`,
      AttachStdout: true,
      AttachStderr: true,
      AttachStdin: call.input !== undefined,
      Tty: false,
    });
    // Hijacked, so that this is the bare connection: the client's own duplex cuts output when its input ends.
    const socket = (await exec.start({ hijack: true, stdin: call.input !== undefined })) as unknown as Socket;
    return { exec, socket };
  } catch (error) {
    throw sandboxError('run a program in the sandbox', call.id, error);
  }
}

async function send(socket: Socket, input: AsyncIterable<Uint8Array>): Promise<void> {
  let broken: unknown;
  async function* watched(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* input;
    } catch (error) {
      broken = error;
      throw error;
    }
  }
  // The starter may answer, and we hang up, before all is sent: only a broken source is an error here.
  await pipeline(pieces(watched()), socket, { end: false }).catch(() => socket.destroy());
  if (broken !== undefined) throw broken;
}

function brokenOff(call: StarterCall, error: unknown): unknown {
  if (call.signal?.aborted) return call.signal.reason;
  if (error instanceof DockerError) return error;
  return new DockerError('ExecFailed', `lost the program in sandbox ${call.id}: ${wordsOf(error)}`, error);
}

async function noAnswer(call: StarterCall, exec: Docker.Exec, said: readonly Buffer[]): Promise<DockerError> {
  try {
    const { ExitCode } = await exec.inspect();
    const words = Buffer.concat(said).subarray(0, 500).toString().trim();
    return new DockerError(
      'ExecFailed',
      `the program in sandbox ${call.id} ended with ${ExitCode}: ${words || 'no words'}`,
    );
  } catch (error) {
    return engineError('learn how a program in the sandbox ended', error);
  }
}
