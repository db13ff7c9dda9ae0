import { createRateLimit } from '../../../proxy/listener/rate-limit.ts';

let now = 0;
const limit = () => createRateLimit({ clock: { now: () => now }, perSecond: 10, burst: 3 });

test('a key has its burst, and then so many a second', () => {
  const { take } = limit();
  expect([take('a'), take('a'), take('a'), take('a'), take('b')]).toEqual([true, true, true, false, true]);
  now += 100;
  expect([take('a'), take('a')]).toEqual([true, false]);
});

test('refusals over the share are delayed, more and more, up to a limit', () => {
  const { owe } = limit();
  expect([owe('a'), owe('a'), owe('a'), owe('a'), owe('a')]).toEqual([0, 0, 0, 100, 200]);
  expect(owe('b')).toBe(0);
  now += 100;
  expect(owe('a')).toBe(200);
  for (let n = 0; n < 1_000; n += 1) owe('a');
  expect(owe('a')).toBe(5_000);
  now += 5_000;
  expect(owe('a')).toBe(100);
});
