import { getEventListeners } from 'node:events';
import { Duplex } from 'node:stream';
import type { Engine } from '../../../docker/engine.ts';
import { createExecGate } from '../../../docker/exec-gate.ts';
import { openPiped } from '../../../docker/piped-command.ts';

/** A command that reads nothing until it is let. */
function commandThatReads(refusals = 0) {
  const held: (() => void)[] = [];
  const socket = new Duplex({
    highWaterMark: 10,
    read() {},
    write: (_bytes, _encoding, done) => void held.push(done),
  });
  const state = { asked: 0 };
  const paused = Object.assign(new Error('refused'), { statusCode: 409, json: { message: 'Container s1 is paused' } });
  const exec = async () => {
    state.asked += 1;
    if (state.asked <= refusals) throw paused;
    return { start: async () => socket };
  };
  const engine = { docker: { getContainer: () => ({ exec }) } } as unknown as Engine;
  const letRead = async () => {
    while (held.length > 0) {
      held.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { context: { engine, installation: 'i', gate: createExecGate() }, socket, state, letRead };
}

const callWith = (signal: AbortSignal) => ({ uid: 1, turn: 1, command: ['x'], signal });

test('many writes to a command that does not read wait together', async () => {
  const { context, socket, letRead } = commandThatReads();
  const { signal } = new AbortController();
  const pipe = await openPiped(context, 's1', callWith(signal));
  const writes = Array.from({ length: 1_000 }, () => pipe.write(Buffer.from('twenty bytes of text')));
  expect(getEventListeners(signal, 'abort').length).toBeLessThan(3);
  expect(socket.listenerCount('drain')).toBeLessThan(3);
  await letRead();
  await Promise.all(writes);
});

test('writes to a command that does not read end with its connection, and with the call', async () => {
  const [first, second] = [commandThatReads(), commandThatReads()];
  const controller = new AbortController();
  const lost = await openPiped(first.context, 's1', callWith(controller.signal));
  const writing = lost.write(Buffer.from('twenty bytes of text'));
  first.socket.destroy();
  await expect(writing).rejects.toThrow();
  const stopped = await openPiped(second.context, 's1', callWith(controller.signal));
  const waiting = stopped.write(Buffer.from('twenty bytes of text'));
  controller.abort();
  await expect(waiting).rejects.toThrow();
});

test('a sandbox that was woken a moment ago is not paused, whatever the engine says', async () => {
  const { context, state } = commandThatReads(3);
  const { signal } = new AbortController();
  await expect(openPiped(context, 's1', callWith(signal))).rejects.toMatchObject({ code: 'SandboxNotRunning' });
  context.gate.woken('s1');
  await openPiped(context, 's1', callWith(signal));
  expect(state.asked).toBe(4);
});

test('a call that is stopped already starts no command', async () => {
  const { context, state } = commandThatReads();
  await expect(openPiped(context, 's1', callWith(AbortSignal.abort(new Error('stopped'))))).rejects.toThrow('stopped');
  expect(state.asked).toBe(0);
});
