import { until } from '../../support/until.ts';
import { closed } from './support/sandbox.ts';
import { refusal, type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { S1, S2 } from './support/world.ts';

let standard: StandardWorld;
beforeEach(async () => {
  standard = await startStandardWorld();
});
afterEach(() => standard[Symbol.asyncDispose]());

const denied = 'GET http://evil.test/x HTTP/1.1\r\nHost: evil.test\r\n\r\n';
const sandbox = () => standard.world.sandbox(S1);

/** Uses up what one sandbox may be refused at once. */
async function flood(): Promise<string> {
  const socket = sandbox().open();
  let got = '';
  let answers = 0;
  socket.on('data', (chunk: Buffer) => {
    got += chunk.toString();
    const all = got.match(/HTTP\/1\.1 4/g)?.length ?? 0;
    // Ten at a time, each lot when the one before is answered.
    if (all >= answers + 10) socket.write(denied.repeat(10));
    answers = all - (all % 10);
  });
  socket.write(denied.repeat(10));
  await closed(socket);
  return got;
}

test('who is refused too often is answered late, and loses the connection', async () => {
  const got = await flood();
  expect(got.match(/HTTP\/1\.1 4/g)?.length).toBeGreaterThanOrEqual(500);
  const last = got.slice(got.lastIndexOf('HTTP/1.1 '));
  expect(refusal(last)).toEqual({ status: 429, code: 'too_many_denials' });
  expect(last).toMatch(/retry-after: \d/);
  expect(last.toLowerCase()).toContain('connection: close');
  let events = await standard.world.events(S1, 501);
  // On a slow machine more than five hundred are answered before the limit is met, and its event comes last.
  await until(async () => {
    events = await standard.world.events(S1, 501);
    return events.some(({ code }) => code === 'too_many_denials');
  }, 'the event of the last refusal');
  // What came behind it on that connection was not looked at.
  expect(events.length).toBeLessThan(1_000);
  expect(events).toContainEqual(expect.objectContaining({ code: 'too_many_denials', outcome: 'blocked', status: 429 }));

  const started = performance.now();
  const answers = await Promise.all(Array.from({ length: 40 }, () => sandbox().raw(denied, { quietMs: 4_000 })));
  expect(performance.now() - started).toBeGreaterThan(100);
  expect(answers.map((text) => refusal(text).code).filter((code) => code === 'too_many_denials')).not.toHaveLength(0);
  // Only itself: what is allowed passes at once, and others are told as ever.
  expect((await sandbox().request('https://pypi.test/')).status).toBe(200);
  expect(refusal(await standard.world.sandbox(S2).raw(denied))).toEqual({ status: 403, code: 'not_allowed' });
});

test('a body behind a late answer goes nowhere', async () => {
  await flood();
  const text = await sandbox().raw(
    `POST http://evil.test/x HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(50_000)}`,
    { quietMs: 4_000 },
  );
  expect(refusal(text)).toMatchObject({ code: expect.stringMatching(/too_many_denials|not_allowed/) });
  expect((await sandbox().request('https://pypi.test/')).status).toBe(200);
});

test('thousands of refused requests in one write leave no more events than a sandbox may be refused at once', async () => {
  const socket = sandbox().open();
  const over = closed(socket);
  socket.write(denied.repeat(10_000));
  await over;
  const events = await standard.world.events(S1, 501);
  expect(events.length).toBeLessThan(600);
  expect((await sandbox().request('https://pypi.test/')).status).toBe(200);
});
