import { setTimeout as delay } from 'node:timers/promises';
import { startCallClock } from '../../../mcp/call-clock.ts';

test('time in which a person is asked does not count, and is known', async () => {
  const clock = startCallClock(60_000, 200);
  await Promise.all([clock.without(() => delay(300)), clock.without(() => delay(250))]);
  expect(clock.late.aborted).toBe(false);
  const waited = clock.withoutMs();
  expect(waited).toBeGreaterThan(290);
  await new Promise((resolve) => clock.late.addEventListener('abort', resolve));
  expect(clock.withoutMs()).toBe(waited);
  clock.stop();
});
