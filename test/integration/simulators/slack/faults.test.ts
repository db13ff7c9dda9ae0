import { SocketModeReceiver } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { startTestSlack, type TestSlack } from '../../../support/slack-simulator.ts';
import { createBoltApp, createClient, quiet } from './bolt-app.ts';

const GENERAL = 'C000GENERAL';

describe('faults on demand', () => {
  let slack: TestSlack;
  let client: WebClient;

  beforeEach(async () => {
    slack = await startTestSlack();
    client = createClient(slack);
  });
  afterEach(() => slack[Symbol.asyncDispose]());

  const post = (text = 'x') => client.chat.postMessage({ channel: GENERAL, text });
  const texts = async () => (await slack.state()).messages.map((one) => one.text);

  it('lets a call take effect and drops the connection before the answer', async () => {
    await slack.fault({ acceptThenDrop: 'chat.postMessage' });
    await expect(post('once')).rejects.toThrow(/request error|fetch failed/i);
    expect(await texts()).toEqual(['once']);
    await post('twice');
    expect(await texts()).toEqual(['once', 'twice']);
    expect((await slack.calls('chat.postMessage')).map(({ ok, status }) => ({ ok, status }))).toEqual([
      { ok: true, status: null },
      { ok: true, status: 200 },
    ]);
  });

  it('answers 429 with Retry-After as often as asked, without effect', async () => {
    await slack.fault({ rateLimit: 'chat.postMessage', times: 2, retryAfter: 7 });
    for (const _ of [1, 2]) await expect(post()).rejects.toMatchObject({ retryAfter: 7 });
    await post('through');
    expect(await texts()).toEqual(['through']);
  });

  it('takes a method away until the fault is cleared', async () => {
    await slack.fault({ missingMethod: 'chat.postMessage' });
    await expect(post()).rejects.toMatchObject({ data: { error: 'unknown_method' } });
    await expect(post()).rejects.toMatchObject({ data: { error: 'unknown_method' } });
    await slack.clearFaults();
    await post();
  });

  it('refuses what needs a scope that the token lacks, and names it', async () => {
    await slack.fault({ withoutScope: 'chat:write' });
    await expect(post()).rejects.toMatchObject({ data: { error: 'missing_scope', needed: 'chat:write' } });
    await client.conversations.info({ channel: GENERAL });
    await slack.fault({ withoutScope: 'files:read' });
    const files = [{ name: 'a.txt', content: 'x' }];
    const [file] = (await slack.post('ada', GENERAL, 'look', { files })).files;
    const headers = { authorization: `Bearer ${slack.tokens.bot}` };
    const shown = await fetch(`${slack.url}/files-pri/T000000ACME-${file?.id}/a.txt`, { headers });
    expect([shown.status, await shown.text()]).toEqual([200, expect.stringContaining('Sign in')]);
    await slack.clearFaults();
    await post();
  });

  it('fails with a chosen error or HTTP status, and delays', async () => {
    await slack.fault({ failWith: 'chat.postMessage', error: 'fatal_error' });
    await expect(post()).rejects.toMatchObject({ data: { error: 'fatal_error' } });
    await slack.fault({ failWith: 'chat.postMessage', error: 'upstream', status: 503 });
    await expect(post()).rejects.toMatchObject({ statusCode: 503 });
    await slack.fault({ delayMs: 'chat.postMessage', ms: 200, times: 1 });
    const started = Date.now();
    await post();
    expect(Date.now() - started).toBeGreaterThanOrEqual(195);
  });

  it('never keeps a token in the log of calls', async () => {
    await post();
    const form = new URLSearchParams({ token: slack.tokens.bot, channel: GENERAL, text: 'by form' });
    await fetch(`${slack.apiUrl}chat.postMessage`, { method: 'POST', body: form });
    expect(await texts()).toEqual(['x', 'by form']);
    expect(JSON.stringify(await slack.calls())).not.toContain(slack.tokens.bot);
  });

  it('refuses a fault it does not know, in words', async () => {
    await expect(slack.fault({ explode: true })).rejects.toThrow(/400.*bad_request/s);
  });
});

describe('sockets', () => {
  it.each(['refresh_requested', 'abrupt'])(
    'an app whose socket ends by %s comes back and hears again',
    async (manner) => {
      await using slack = await startTestSlack();
      const receiver = new SocketModeReceiver({
        appToken: slack.tokens.app,
        installerOptions: { clientOptions: { slackApiUrl: slack.apiUrl } },
        clientPingTimeout: 100,
        logger: quiet,
      });
      const app = createBoltApp(slack, { receiver, socketMode: false, appToken: undefined });
      const heard: string[] = [];
      app.event('app_mention', async ({ event }) => void heard.push(event.text));
      await app.start();
      await slack.waitForApp();
      await slack.fault({ disconnect: manner });
      await new Promise((resolve) => setTimeout(resolve, 50));
      await slack.waitForApp();
      await slack.post('ada', '#general', '@bellhop again');
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(heard).toEqual(['<@U000BELLHOP> again']);
      await app.stop();
    },
  );

  it('open only with a ticket, once', async () => {
    await using slack = await startTestSlack();
    const { url = '' } = await createClient(slack, slack.tokens.app).apps.connections.open();
    const hello = (address: string) =>
      new Promise<unknown>((resolve) => {
        const socket = new WebSocket(address);
        socket.onmessage = (event) => {
          socket.close();
          resolve(JSON.parse(String(event.data)));
        };
        socket.onerror = () => resolve(null);
      });
    expect(await hello(url)).toMatchObject({
      type: 'hello',
      num_connections: 1,
      connection_info: { app_id: 'A000BELLHOP' },
    });
    expect(await hello(url)).toBeNull();
    expect(await hello(`${slack.url.replace('http', 'ws')}/link/`)).toBeNull();
  });

  it('share the events: each goes to one of them, and there are ten at most', async () => {
    await using slack = await startTestSlack();
    const client = createClient(slack, slack.tokens.app);
    const heard: string[][] = [];
    const sockets: WebSocket[] = [];
    for (let number = 0; number < 10; number += 1) {
      const { url = '' } = await client.apps.connections.open();
      const socket = new WebSocket(url);
      const own: string[] = [];
      heard.push(own);
      sockets.push(socket);
      await new Promise((resolve) => {
        socket.onmessage = (event) => {
          const envelope = JSON.parse(String(event.data)) as { type: string; envelope_id: string };
          if (envelope.type === 'hello') resolve(null);
          else {
            own.push(envelope.envelope_id);
            socket.send(JSON.stringify({ envelope_id: envelope.envelope_id }));
          }
        };
      });
    }
    await expect(client.apps.connections.open()).rejects.toMatchObject({ data: { error: 'too_many_websockets' } });
    for (let number = 0; number < 20; number += 1) await slack.post('ada', '#general', `event ${number}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard.map((own) => own.length)).toEqual(Array(10).fill(2));
    expect((await slack.deliveries()).every((delivery) => delivery.acknowledged)).toBe(true);
    for (const socket of sockets) socket.close();
  });
});
