import { createPacedStarts } from '../../../activities/paced-starts.ts';
import type { SessionId } from '../../../contracts/ids.ts';

const thread = (channel: string, n: number): SessionId => `slack:T1:${channel}:${n}.1`;

test('a few start at a time, and a channel with many does not keep another one waiting', async () => {
  const begun: string[] = [];
  let now = 0;
  let most = 0;
  const start = (name: string) => async () => {
    begun.push(name);
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
  };
  const paced = createPacedStarts(2);
  const busy = [1, 2, 3, 4, 5].map((n) => paced(thread('C1', n), start(`busy ${n}`)));
  const quiet = paced(thread('C2', 1), start('quiet'));
  await Promise.all([...busy, quiet]);
  expect(begun).toEqual(['busy 1', 'busy 2', 'busy 3', 'quiet', 'busy 4', 'busy 5']);
  expect(most).toBe(2);
});

test('a start that fails tells its caller so, and the next one begins', async () => {
  const paced = createPacedStarts(1);
  const failed = paced(thread('C1', 1), async () => Promise.reject(new Error('the engine is away')));
  const next = paced(thread('C1', 2), async () => 'started');
  await expect(failed).rejects.toThrow('the engine is away');
  expect(await next).toBe('started');
});

test('a start that hangs keeps the others waiting for a while only, and still ends', async () => {
  const engine = Promise.withResolvers<string>();
  const paced = createPacedStarts(1, 20);
  const hanging = paced(thread('C1', 1), () => engine.promise);
  expect(await paced(thread('C1', 2), async () => 'started')).toBe('started');
  engine.resolve('late');
  expect(await hanging).toBe('late');
});
