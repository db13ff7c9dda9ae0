import { startTestSlack, type TestSlack } from '../../../support/slack-simulator.ts';
import { createClient } from './bolt-app.ts';

let slack: TestSlack;
beforeEach(async () => {
  slack = await startTestSlack({ limitRates: true });
});
afterEach(() => slack[Symbol.asyncDispose]());

test('posts that come too fast in one channel get 429 and the seconds to wait, other channels do not', async () => {
  const client = createClient(slack);
  const post = (channel: string) => client.chat.postMessage({ channel, text: 'hello' });
  for (let n = 0; n < 10; n += 1) await post('C000GENERAL');
  await expect(post('C000GENERAL')).rejects.toMatchObject({ code: 'slack_webapi_rate_limited_error', retryAfter: 1 });
  await expect(post('C00PLATFORM')).resolves.toMatchObject({ ok: true });
});

test('a method of a tier is limited over all channels, and free methods never are', async () => {
  const client = createClient(slack);
  const looks = await Promise.allSettled(
    Array.from({ length: 60 }, () => client.conversations.info({ channel: 'C000GENERAL' })),
  );
  const taken = looks.filter(({ status }) => status === 'fulfilled').length;
  expect(taken).toBeGreaterThanOrEqual(50);
  expect(taken).toBeLessThan(60);
  await Promise.all(Array.from({ length: 60 }, () => client.auth.test()));
});
