import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { DockerError } from './errors.ts';
import { brokenOff, listenTo, openStarter, type StarterTarget, type StarterTime, watchTime } from './starter-exec.ts';
import { orderOf, pieces, type StarterFrame } from './starter-frames.ts';

/** What a starter is told to do, as `docker/image/starter/main.c` reads it: a verb and its arguments. */
export interface StarterOrder extends StarterTime {
  readonly args: readonly string[];
}

export interface StarterCall extends StarterTarget, StarterOrder {
  /** Sent to the starter in pieces. */
  readonly input?: AsyncIterable<Uint8Array>;
}

/**
 * Runs the starter in a sandbox for one order that is answered by one object and no data. The code that looks after a
 * sandbox does it this way, and asks no starter that the agent may have touched.
 *
 * Returns with the answer, without waiting for the engine to notice the end.
 *
 * @throws DockerError `ExecFailed` without an answer, `ExecTimeout`, `SandboxMissing`, `SandboxNotRunning`; the reason of an abort
 */
export async function askStarter(call: StarterCall): Promise<Readonly<Record<string, unknown>>> {
  const opened = await openStarter(call, call.args, { ...call, input: call.input !== undefined });
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
    // When the data to be sent broke off, this caused all later errors.
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

/** How long a starter may take to say that an order is done, once its answer was read. */
const END_WITHIN_MS = 1_000;

/** A starter that stays and takes orders, one at a time: the engine's work of starting a program is done once. */
export interface StarterChannel {
  /**
   * Yields what the starter says to one order. A caller that stops reading, an abort and a failure close the channel, which
   * leaves what was started in the sandbox as it is. Throws `ExecFailed` when the starter ends before the order does.
   */
  order(order: StarterOrder): AsyncGenerator<StarterFrame, void>;
  /** After an order: whether the starter is ready for the next one. A channel that is not is closed. */
  isReady(): Promise<boolean>;
  close(): void;
}

/**
 * Starts a starter that stays; `time` limits the start only.
 * @throws DockerError `ExecTimeout`, `SandboxMissing`, `SandboxNotRunning`; the reason of an abort
 */
export async function openChannel(target: StarterTarget, time: StarterTime): Promise<StarterChannel> {
  const { id } = target;
  const opened = await openStarter(target, ['serve'], { ...time, input: true });
  const { socket } = opened;
  // The next reader is told of it. Without a listener it would end the process while nobody reads.
  socket.on('error', () => undefined);
  const { frames, noAnswer } = listenTo(opened, id);
  let ended = false;

  return {
    async *order(order) {
      if (order.args.some((arg) => arg.includes('\0'))) {
        throw new DockerError('CommandNotStarted', 'it holds a zero byte');
      }
      using _time = watchTime(socket, id, order);
      ended = false;
      try {
        socket.write(orderOf(order.args));
        for (;;) {
          const next = await frames.next();
          if (next.done) throw await noAnswer();
          ended = next.value.kind === 'end';
          if (next.value.kind === 'end') return;
          yield next.value;
        }
      } catch (error) {
        throw brokenOff(id, order, error);
      }
    },
    async isReady() {
      if (ended) return true;
      using _time = watchTime(socket, id, { timeoutMs: END_WITHIN_MS });
      const next = await frames.next().catch(() => undefined);
      if (next?.value?.kind === 'end') return true;
      socket.destroy();
      return false;
    },
    close: () => socket.destroy(),
  };
}
