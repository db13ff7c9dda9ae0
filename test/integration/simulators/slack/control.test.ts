import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { startTestSlack, type TestSlack } from '../../../support/slack-simulator.ts';

describe('the control API', () => {
  let slack: TestSlack;
  beforeEach(async () => {
    slack = await startTestSlack();
  });
  afterEach(() => slack[Symbol.asyncDispose]());

  const headers = () => ({ 'x-sim-token': slack.controlToken });

  /** Reads events of the stream until `count` have come. */
  async function read(
    count: number,
    extra: Record<string, string> = {},
    start: () => Promise<unknown> = async () => {},
  ) {
    const stop = new AbortController();
    const answer = await fetch(`${slack.url}/_sim/stream`, {
      headers: { ...headers(), ...extra },
      signal: stop.signal,
    });
    await start();
    const events: { id: number; type: string; data: Record<string, unknown> }[] = [];
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        const match = /^id: (\d+)\nevent: (.+)\ndata: (.+)$/.exec(part);
        if (match) events.push({ id: Number(match[1]), type: match[2] ?? '', data: JSON.parse(match[3] ?? '{}') });
      }
      if (events.length >= count) break;
    }
    stop.abort();
    return events;
  }

  it('is closed without its token, and says so', async () => {
    const answer = await fetch(`${slack.url}/_sim/state`, { headers: { 'x-sim-token': 'wrong' } });
    expect([answer.status, await answer.json()]).toEqual([401, expect.objectContaining({ error: 'bad_token' })]);
  });

  it('streams changes, and gives a reader that was away what it missed', async () => {
    const [first] = await read(1, {}, () => slack.post('ada', '#general', 'one'));
    expect(first).toMatchObject({ type: 'message', data: { text: 'one', channel: 'C000GENERAL' } });
    const two = await slack.post('ada', '#general', 'two');
    await slack.react('grace', two, 'tada');
    const missed = await read(2, { 'last-event-id': String(first?.id) });
    expect(missed.map((event) => [event.type, event.data.text])).toEqual([
      ['message', 'two'],
      ['message', 'two'],
    ]);
    expect(missed[1]?.data.reactions).toEqual([{ name: 'tada', users: ['U00000GRACE'] }]);
    expect(await read(1, { 'last-event-id': '12' })).toEqual([expect.objectContaining({ type: 'reset' })]);
  });

  it('lets people do only what they could do in Slack', async () => {
    await expect(slack.post('hal', '#general', 'hi')).rejects.toThrow(/403.*not_a_member/s);
    await expect(slack.post('nobody', '#general', 'hi')).rejects.toThrow(/404.*no_such_person.*ada, grace/s);
    await expect(slack.post('bellhop', '#general', 'hi')).rejects.toThrow(/409.*not_possible/s);
    await expect(slack.post('ada', '#general', '  ')).rejects.toThrow(/400.*needs text or a file/s);
    const posted = await slack.post('ada', '#general', 'mine');
    await expect(slack.edit('grace', posted, 'hers')).rejects.toThrow(/403.*not_the_author/s);
    await expect(slack.click('ada', posted, 'stop')).rejects.toThrow(/404.*no_such_message/s);
  });

  it('keeps a deleted parent as a tombstone while it has replies', async () => {
    const parent = await slack.post('ada', '#general', 'parent');
    const reply = await slack.post('grace', '#general', 'reply', { threadTs: parent.ts });
    await slack.remove('ada', parent);
    expect(await slack.thread(parent)).toMatchObject([{ deleted: true, text: '' }, { text: 'reply' }]);
    await slack.remove('grace', reply);
    expect(await slack.thread(parent)).toMatchObject([{ deleted: true }]);
  });

  it('pins a message for the page without telling the app', async () => {
    const pin = (text: string) =>
      fetch(`${slack.url}/_sim/pinned`, {
        method: 'POST',
        headers: headers(),
        body: JSON.stringify({ id: 'tour', channel: '#platform-eng', text }),
      });
    await pin('first');
    await pin('second');
    const { pinned } = (await slack.state()) as unknown as { pinned: unknown[] };
    expect(pinned).toEqual([{ id: 'tour', channel: 'C00PLATFORM', text: 'second', blocks: [] }]);
    expect(await slack.deliveries()).toEqual([]);
  });
});

describe('a kept state', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'slack-sim-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is there again after a restart: messages, DMs and files', async () => {
    const stateFile = path.join(folder, 'slack.json');
    const before = await startTestSlack({ stateFile });
    const dm = await before.openDm('ada');
    const posted = await before.post('ada', dm, 'keep this', { files: [{ name: 'a.txt', content: 'kept' }] });
    await before.react('ada', posted, 'eyes');
    await before[Symbol.asyncDispose]();

    await using after = await startTestSlack({ stateFile });
    const { messages } = await after.state();
    expect(messages).toEqual([{ ...posted, reactions: [{ name: 'eyes', users: ['U0000000ADA'] }] }]);
    expect((await after.file(posted.files[0]?.id ?? '')).toString()).toBe('kept');
    const next = await after.post('ada', dm, 'next');
    expect(next.ts > posted.ts).toBe(true);
  });
});

describe('the simulator as a process', () => {
  it('says where it is, that it is a simulator, and ends at SIGTERM', async () => {
    const child = spawn(process.execPath, ['simulators/slack/main.ts'], {
      env: { SLACK_SIM_CONTROL_TOKEN: '0123456789abcdef', SLACK_APP_TOKEN: 'xapp-1', SLACK_BOT_TOKEN: 'xoxb-1' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const ready = JSON.parse(line) as { ready: string; url: string };
    expect(ready.ready).toBe('slack-simulator');
    expect(await (await fetch(ready.url)).text()).toContain('This is a simulator, not Slack');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('names each variable that is missing or wrong', async () => {
    const child = spawn(process.execPath, ['simulators/slack/main.ts'], {
      env: { SLACK_SIM_CONTROL_TOKEN: 'short', SLACK_APP_TOKEN: 'xoxb-1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += String(chunk);
    });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(said).toMatch(/SLACK_SIM_CONTROL_TOKEN needs at least 16/);
    expect(said).toMatch(/SLACK_APP_TOKEN must begin with xapp-/);
    expect(said).toMatch(/SLACK_BOT_TOKEN is not set/);
  });
});
