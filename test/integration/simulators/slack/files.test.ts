import type { WebClient } from '@slack/web-api';
import { startTestSlack, type TestSlack } from '../../../support/slack-simulator.ts';
import { createClient } from './bolt-app.ts';

describe('files in the Slack simulator', () => {
  let slack: TestSlack;
  let client: WebClient;
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
    'base64',
  );

  beforeEach(async () => {
    slack = await startTestSlack();
    client = createClient(slack);
  });
  afterEach(() => slack[Symbol.asyncDispose]());

  it('come from a person with the message, and the bot token downloads them', async () => {
    const posted = await slack.post('ada', '#general', 'look', { files: [{ name: 'one pixel.png', content: png }] });
    expect(posted).toMatchObject({ subtype: 'file_share', files: [{ name: 'one pixel.png', mimetype: 'image/png' }] });
    const { file } = await client.files.info({ file: posted.files[0]?.id ?? '' });
    expect(file).toMatchObject({ size: png.length, shares: { public: { C000GENERAL: [{ ts: posted.ts }] } } });
    const address = file?.url_private_download ?? '';
    const answer = await fetch(address, { headers: { authorization: `Bearer ${slack.tokens.bot}` } });
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(png);
  });

  it('are a login page, status 200, without the bot token', async () => {
    const posted = await slack.post('ada', '#general', 'look', { files: [{ name: 'a.png', content: png }] });
    const { file } = await client.files.info({ file: posted.files[0]?.id ?? '' });
    for (const authorization of ['', 'Bearer xoxb-wrong']) {
      const answer = await fetch(file?.url_private ?? '', { headers: { authorization } });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    }
  });

  it('go up in three steps, and their message appears later', async () => {
    await using slow = await startTestSlack({ fileProcessingMs: 200 });
    const web = createClient(slow);
    const parent = await slow.post('ada', '#general', 'a chart, please');
    const { upload_url = '', file_id = '' } = await web.files.getUploadURLExternal({
      filename: 'chart.png',
      length: png.length,
    });
    const early = web.files.completeUploadExternal({ files: [{ id: file_id }], channel_id: parent.channel });
    await expect(early).rejects.toMatchObject({ data: { error: 'file_not_found' } });
    expect((await fetch(upload_url, { method: 'POST', body: 'too short' })).status).toBe(400);
    const sent = await fetch(upload_url, { method: 'POST', body: new Uint8Array(png) });
    expect(await sent.text()).toBe(`OK - ${png.length}`);
    const complete = {
      files: [{ id: file_id, title: 'Signups' }] as [{ id: string; title: string }],
      channel_id: parent.channel,
      thread_ts: parent.ts,
    };
    await web.files.completeUploadExternal({ ...complete, initial_comment: 'Here it is' });
    expect(await slow.answers(parent)).toEqual([]);
    const answer = await slow.waitForAnswer(parent, /Here it is/);
    expect(answer.files).toEqual([expect.objectContaining({ id: file_id, title: 'Signups', mimetype: 'image/png' })]);
    expect(await slow.file(file_id)).toEqual(png);
    expect((await web.files.info({ file: file_id })).file?.shares).toMatchObject({
      public: { C000GENERAL: [{ ts: answer.ts, thread_ts: parent.ts }] },
    });
    await expect(web.files.completeUploadExternal(complete)).rejects.toMatchObject({
      data: { error: 'file_update_failed' },
    });
  });

  it('go up by the official helper as well', async () => {
    const parent = await slack.post('ada', '#general', 'a file, please');
    await client.filesUploadV2({
      channel_id: parent.channel,
      thread_ts: parent.ts,
      filename: 'notes.txt',
      file: Buffer.from('some notes'),
      initial_comment: 'Notes',
    });
    const answer = await slack.waitForAnswer(parent, /Notes/);
    expect((await slack.file(answer.files[0]?.id ?? '')).toString()).toBe('some notes');
  });

  it('carry only their id in a shared channel, as in Slack Connect', async () => {
    await slack.post('hal', '#acme-globex', 'from Globex', { files: [{ name: 'a.txt', content: 'a' }] });
    const { messages = [] } = await client.conversations.history({ channel: 'C0000SHARED' });
    expect(messages[0]?.files).toEqual([
      {
        id: expect.any(String),
        mode: 'file_access',
        file_access: 'check_file_info',
        created: 0,
        timestamp: 0,
        user: '',
      },
    ]);
  });
});
