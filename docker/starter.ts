import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { DockerError } from './errors.ts';
import { pieces } from './exec-frames.ts';
import { brokenOff, listenTo, openStarter, type StarterTarget, type StarterTime, watchTime } from './starter-exec.ts';

export interface StarterCall extends StarterTarget, StarterTime {
  readonly args: readonly string[];
  readonly input?: AsyncIterable<Uint8Array>;
}

/**
 * Runs the starter in a sandbox for one call that answers with one object and no data. Returns with that, without
 * waiting for the engine to notice the end; throws when there was none. Breaking off closes the connection, which
 * leaves the process in the sandbox as it is.
 */
export async function askStarter(call: StarterCall): Promise<Readonly<Record<string, unknown>>> {
  const input = call.input !== undefined;
  const opened = await openStarter(call, call.args, { ...call, input });
  const { socket } = opened;
  using _time = watchTime(socket, call.id, call);
  const sending = call.input ? send(socket, call.input) : Promise.resolve();
  sending.catch(() => {});
  const { frames, noAnswer } = listenTo(opened, call.id);
  try {
    for await (const frame of frames) {
      if (frame.kind === 'json') return frame.value;
      throw new DockerError('ExecFailed', `sandbox ${call.id} sent what it was not asked for`);
    }
    throw await noAnswer();
  } catch (error) {
    // When what was to be sent broke, that is the cause of everything after.
    await Promise.race([sending, Promise.resolve()]);
    throw brokenOff(call.id, call, error);
  } finally {
    socket.destroy();
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
