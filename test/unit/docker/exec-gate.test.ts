import { setImmediate as tick } from 'node:timers/promises';
import { createExecGate } from '../../../docker/exec-gate.ts';

/** Work that notes when it begins, and ends when it is told to. */
function work(name: string, said: string[]) {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    end: resolve,
    run: async () => {
      said.push(name);
      await promise;
      said.push(`${name} done`);
    },
  };
}

test('a pause waits for what is being started, and a start for the pause', async () => {
  const gate = createExecGate();
  const said: string[] = [];
  const one = work('one', said);
  const pause = work('pause', said);
  const two = work('two', said);
  const all = [gate.starting('s', one.run), gate.pausing('s', pause.run), gate.starting('s', two.run)];
  await tick();
  expect(said).toEqual(['one']);
  one.end();
  await tick();
  expect(said).toEqual(['one', 'one done', 'pause']);
  pause.end();
  await tick();
  two.end();
  await Promise.all(all);
  expect(said).toEqual(['one', 'one done', 'pause', 'pause done', 'two', 'two done']);
});

test('sandboxes do not wait for each other, and starts of one go side by side', async () => {
  const gate = createExecGate();
  const said: string[] = [];
  const [a, b, c] = [work('a', said), work('b', said), work('c', said)];
  const all = [gate.starting('s', a.run), gate.starting('s', b.run), gate.pausing('t', c.run)];
  await tick();
  expect(said).toEqual(['a', 'b', 'c']);
  for (const each of [a, b, c]) each.end();
  await Promise.all(all);
});

test('a start that fails and a pause that fails hold nobody up', async () => {
  const gate = createExecGate();
  const fail = () => Promise.reject(new Error('no'));
  await expect(gate.starting('s', fail)).rejects.toThrow('no');
  await expect(gate.pausing('s', fail)).rejects.toThrow('no');
  await expect(gate.pausing('s', fail)).rejects.toThrow('no');
  expect(await gate.starting('s', async () => 'yes')).toBe('yes');
});

test('a sandbox counts as woken for a while, and no longer once it is paused', async () => {
  let now = 0;
  const gate = createExecGate(() => now);
  expect(gate.wasWoken('s')).toBe(false);
  gate.woken('s');
  now = 20_000;
  expect([gate.wasWoken('s'), gate.wasWoken('t')]).toEqual([true, false]);
  now = 20_001;
  expect(gate.wasWoken('s')).toBe(false);
  gate.woken('s');
  expect(await gate.pausing('s', async (wasWoken) => wasWoken)).toBe(true);
  expect(gate.wasWoken('s')).toBe(false);
  expect(await gate.pausing('s', async (wasWoken) => wasWoken)).toBe(false);
});
