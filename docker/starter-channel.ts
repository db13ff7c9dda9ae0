import { DockerError } from './errors.ts';
import type { StarterFrame } from './exec-frames.ts';
import { brokenOff, listenTo, openStarter, type StarterTarget, type StarterTime, watchTime } from './starter-exec.ts';

export interface StarterOrder extends StarterTime {
  readonly args: readonly string[];
}

/** How long a starter may take to say that an order is done, once its answer was read. */
const END_WITHIN_MS = 1_000;

/** A starter that stays and takes orders, one at a time: the engine's work of starting a program is done once. */
export interface StarterChannel {
  /**
   * Yields what the starter says to one order. Breaking off, an abort and a failure close the channel, which leaves
   * what was started in the sandbox as it is. Throws `ExecFailed` when the starter ends before the order does.
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
  // Told to whoever reads next; without a listener it would end the process while nobody does.
  socket.on('error', () => undefined);
  const { frames, noAnswer } = listenTo(opened, id);
  let ended = false;

  return {
    async *order(order) {
      using _time = watchTime(socket, id, order);
      ended = false;
      try {
        socket.write(encode(order.args));
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

/** Four bytes of length, then the arguments, each ended by a zero byte (docker/image/starter/serve.c). */
function encode(args: readonly string[]): Buffer {
  if (args.some((arg) => arg.includes('\0'))) throw new DockerError('CommandNotStarted', 'it holds a zero byte');
  const text = Buffer.from(args.map((arg) => `${arg}\0`).join(''));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(text.length);
  return Buffer.concat([head, text]);
}
