import type { Engine } from '../../../docker/engine.ts';
import { createExecGate } from '../../../docker/exec-gate.ts';
import { openStarter, type StarterTarget } from '../../../docker/starter-exec.ts';

/** A container on which the engine hangs. */
function hanging(): StarterTarget {
  const exec = () => new Promise(() => undefined);
  const engine = { docker: { getContainer: () => ({ exec }) } } as unknown as Engine;
  return { engine, installation: 'i', id: 's1', uid: 1 };
}

test('who is told to stop does not wait for an engine that hangs', async () => {
  const controller = new AbortController();
  const opening = openStarter(hanging(), ['serve'], { input: true, timeoutMs: 60_000, signal: controller.signal });
  controller.abort(new Error('stopped'));
  await expect(opening).rejects.toThrow('stopped');
});

test('an engine that hangs is given up when the time is over', async () => {
  const opening = openStarter(hanging(), ['serve'], { input: true, timeoutMs: 20 });
  await expect(opening).rejects.toMatchObject({ code: 'ExecTimeout' });
});

/** An engine that calls a container paused so many times, as one does that is behind with an unpause. */
function calledPaused(times: number) {
  const asked = { count: 0 };
  const paused = Object.assign(new Error('refused'), { statusCode: 409, json: { message: 'Container s1 is paused' } });
  const exec = async () => {
    asked.count += 1;
    if (asked.count <= times) throw paused;
    return { start: async () => ({}) };
  };
  const engine = { docker: { getContainer: () => ({ exec }) } } as unknown as Engine;
  const gate = createExecGate();
  return { asked, target: { engine, installation: 'i', id: 's1', uid: 1, gate } };
}

const START = { input: true, timeoutMs: 5_000 };

test('a sandbox that was woken a moment ago is not paused, whatever the engine says', async () => {
  const { asked, target } = calledPaused(3);
  target.gate.woken('s1');
  await openStarter(target, ['serve'], START);
  expect(asked.count).toBe(4);
});

test('a sandbox that nobody has woken is paused, and so is one that was paused again', async () => {
  const { asked, target } = calledPaused(9);
  await expect(openStarter(target, ['serve'], START)).rejects.toMatchObject({ code: 'SandboxNotRunning' });
  target.gate.woken('s1');
  await target.gate.pausing('s1', async () => undefined);
  await expect(openStarter(target, ['serve'], START)).rejects.toMatchObject({ code: 'SandboxNotRunning' });
  expect(asked.count).toBe(2);
});
