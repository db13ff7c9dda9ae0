import { Readable } from 'node:stream';
import { createAnswerBounds } from '../../../mcp/answer-bounds.ts';
import { type AskServer, createServerFetch } from '../../../mcp/server-fetch.ts';

const CALL = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call' });
const RESUME = { headers: { 'last-event-id': '1' } };

function fetchBy(answer: () => { status?: number; headers?: Record<string, string>; body?: string }) {
  const broken: unknown[] = [];
  let asked = 0;
  const ask: AskServer = async () => {
    asked += 1;
    const { status = 200, headers = {}, body = '' } = answer();
    return { status, headers, body: Readable.from([Buffer.from(body)]) };
  };
  const fetch = createServerFetch({
    ...{ ask, signal: new AbortController().signal, bounds: createAnswerBounds(1_000, null) },
    ...{ onBegin() {}, onEnd() {}, onNote() {}, onBroken: (error: unknown) => void broken.push(error) },
  });
  return { fetch, broken, asked: () => asked };
}

const refusal = (code: string) => ({
  status: 403,
  headers: { 'x-agent-proxy': code },
  body: JSON.stringify({ error: { code, message: 'The rules changed.', hint: 'Look again.', retry: false } }),
});

test('a server whose stream breaks off again and again ends its own call', async () => {
  const { fetch, broken, asked } = fetchBy(() => ({}));
  for (let n = 0; n < 20; n += 1) await fetch('', RESUME);
  await expect(fetch('', RESUME)).rejects.toMatchObject({ code: 'ServerFailed' });
  expect(broken).toHaveLength(1);
  expect(asked()).toBe(20);
});

test.each(['policy_changed', 'lease_ended', 'internal'])(
  'a request that the proxy cut after it was sent (%s) is not told as one that never left',
  async (code) => {
    const { fetch } = fetchBy(() => refusal(code));
    await expect(fetch('', { method: 'POST', body: CALL })).rejects.toMatchObject({ code: 'ServerAway' });
  },
);

test('what the proxy has cut is not taken up again by another request', async () => {
  const { fetch, asked } = fetchBy(() => refusal('policy_changed'));
  await fetch('', { method: 'POST', body: CALL }).catch(() => {});
  expect((await fetch('', RESUME)).status).toBe(405);
  expect(asked()).toBe(1);
});
