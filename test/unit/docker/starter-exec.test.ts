import type { Engine } from '../../../docker/engine.ts';
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
