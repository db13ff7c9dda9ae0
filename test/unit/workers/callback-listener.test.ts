import http from 'node:http';
import { readCallbackAddress } from '../../../workers/gateway/callback-address.ts';
import { type CallbackListener, startCallbackListener } from '../../../workers/gateway/callback-listener.ts';
import type { CallbackPage } from '../../../workers/gateway/take-callback.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';

let listener: CallbackListener;
let port: number;
let answer: (offer: string, query: string) => Promise<CallbackPage>;
const taken: string[] = [];
const errors: unknown[] = [];

beforeAll(async () => {
  port = await freePort();
  const callback = readCallbackAddress(`http://127.0.0.1:${port}`, undefined);
  if (!callback) throw new Error('no address');
  listener = await startCallbackListener({
    callback,
    take: (offer, query) => {
      taken.push(`${offer}?${query}`);
      return answer(offer, query);
    },
    onError: (error) => errors.push(error),
  });
});
beforeEach(() => {
  taken.splice(0);
  errors.splice(0);
  answer = async () => ({ kind: 'unknown' });
});
afterAll(() => listener?.stop());

function ask(path: string, { method = 'GET', host = `127.0.0.1:${port}` } = {}) {
  return new Promise<{ status: number; text: string; headers: http.IncomingHttpHeaders }>((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, method, headers: { host } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    request.on('error', reject);
    request.end();
  });
}

test.each([
  ['another path', '/', {}, 404],
  ['the path of nothing', '/oauth/callback/', {}, 404],
  ['a name that is a path', '/oauth/callback/a%2Fb', {}, 404],
  ['a long query', `/oauth/callback/github?code=${'x'.repeat(7_000)}`, {}, 404],
  ['another method', '/oauth/callback/github?code=x', { method: 'POST' }, 405],
  ['another name of this machine', '/oauth/callback/github?code=x', { host: 'evil.test' }, 421],
])('%s is turned away before anything is looked up', async (_what, path, options, status) => {
  expect(await ask(path, options)).toMatchObject({ status });
  expect(taken).toEqual([]);
});

test('the page of an answer shows the letters, runs nothing, is kept nowhere and tells no other site of itself', async () => {
  answer = async (offer) => ({ kind: 'proof', proof: 'BCDF-GHJK', offer });
  const { status, text, headers } = await ask('/oauth/callback/github?code=canary&state=s');
  expect(status).toBe(200);
  expect(text).toMatch(/<strong>BCDF-GHJK<\/strong>.*tell nobody the letters/s);
  expect(text).not.toContain('canary');
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
  });
  expect(taken).toEqual(['github?code=canary&state=s']);
});

test('a failure is said without a word of the answer, and beyond its bound nobody is let in', async () => {
  answer = async () => {
    throw new Error('canary');
  };
  const failed = await ask('/oauth/callback/github?code=canary');
  expect(failed).toMatchObject({ status: 503, text: expect.stringMatching(/load this page again/) });
  expect(failed.text).not.toContain('canary');
  expect(errors).toHaveLength(1);

  const held = Promise.withResolvers<CallbackPage>();
  answer = () => held.promise;
  taken.splice(0);
  const waiting = Array.from({ length: 32 }, () => ask('/oauth/callback/github?code=x'));
  await until(() => taken.length === 32, 'all of them to be let in');
  const refused = await ask('/oauth/callback/github?code=x');
  expect(refused).toMatchObject({ status: 503, text: expect.stringMatching(/Too many/) });
  held.resolve({ kind: 'unknown' });
  expect((await Promise.all(waiting)).every(({ status }) => status === 400)).toBe(true);
  expect(taken).toHaveLength(32);
});
