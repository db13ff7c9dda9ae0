import { createWorkLoop } from '../../../slack/work-loop.ts';
import { until } from '../../support/until.ts';

test('an item that steps aside frees its place, and the loop still waits for it when it stops', async () => {
  const waiting = ['slow', 'next'];
  const done: string[] = [];
  const finish = Promise.withResolvers<void>();
  const loop = createWorkLoop<string>({
    claim: async (limit) => waiting.splice(0, limit),
    async work(item, stepAside) {
      if (item === 'slow') {
        stepAside();
        await finish.promise;
      }
      done.push(item);
    },
    onError: (error) => {
      throw error;
    },
    width: () => 1,
  });
  await until(() => done.includes('next'), 'the next item');
  const stopped = loop.stop();
  finish.resolve();
  await stopped;
  expect(done).toEqual(['next', 'slow']);
});

/** A loop that counts how often it looks. */
function looking(nextDueMs: () => Promise<number | null>) {
  const waiting: string[] = [];
  const done: string[] = [];
  let looks = 0;
  const loop = createWorkLoop<string>({
    claim: async (limit) => {
      looks += 1;
      return waiting.splice(0, limit);
    },
    work: async (item) => void done.push(item),
    nextDueMs,
    onError: (error) => {
      throw error;
    },
    pollMs: 1,
    safetyMs: 300,
  });
  return { loop, waiting, done, looks: () => looks };
}

test('a loop with nothing to do looks by the clock only as often as a lost poke needs', async () => {
  const { loop, done, looks, waiting } = looking(async () => null);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(looks()).toBe(1);
  waiting.push('whose poke got lost');
  await until(() => done.length === 1, 'the safety look');
  await loop.stop();
});

test('a loop that sleeps works at once when it is poked', async () => {
  const { loop, done, waiting, looks } = looking(async () => null);
  await until(() => looks() === 1, 'the first look');
  waiting.push('poked for');
  loop.poke();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(done).toEqual(['poked for']);
  await loop.stop();
});

test('a loop looks again when the next item is due', async () => {
  const began = performance.now();
  const { loop, looks } = looking(async () => 60);
  await until(() => looks() === 3, 'the third look');
  expect(performance.now() - began).toBeGreaterThan(110);
  await loop.stop();
});

test('a loop that cannot ask when the next item is due goes on looking', async () => {
  const errors: unknown[] = [];
  let looks = 0;
  const loop = createWorkLoop<string>({
    claim: async () => {
      looks += 1;
      return [];
    },
    work: async () => undefined,
    nextDueMs: () => Promise.reject(new Error('away')),
    onError: (error) => errors.push(error),
    pollMs: 1,
  });
  await until(() => looks > 3 && errors.length > 2, 'more looks');
  await loop.stop();
});

test('nothing new is taken while the loop rests, however often it is poked, and then at once', async () => {
  let rests = true;
  let claims = 0;
  const loop = createWorkLoop<string>({
    claim: async () => {
      claims += 1;
      return [];
    },
    work: async () => {},
    onError: () => {},
    restMs: () => (rests ? 5 : 0),
    nextDueMs: async () => null,
  });
  try {
    for (let n = 0; n < 20; n += 1) {
      loop.poke();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(claims).toBe(0);
    rests = false;
    await until(async () => claims > 0, 'a claim');
  } finally {
    await loop.stop();
  }
});
