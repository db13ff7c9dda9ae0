import { createFairSlots } from '../../../contracts/fair-slots.ts';

test('threads take turns, however many files one of them has waiting', async () => {
  const slots = createFairSlots(1);
  const order: string[] = [];
  const run = (key: string, name: string) => slots.run(key, async () => void order.push(name));
  const busy = [1, 2, 3].map((n) => run('busy', `busy ${n}`));
  const quiet = run('quiet', 'quiet');
  await Promise.all([...busy, quiet]);
  expect(order).toEqual(['busy 1', 'busy 2', 'quiet', 'busy 3']);
});

test('no more run at once than there are places, and a failure frees its place', async () => {
  const slots = createFairSlots(2);
  let now = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, 1));
    now -= 1;
    throw new Error('no');
  };
  const results = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => slots.run(`${n}`, work)));
  expect(results.every((result) => result.status === 'rejected')).toBe(true);
  expect(most).toBe(2);
});
