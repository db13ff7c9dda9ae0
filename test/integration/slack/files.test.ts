import { randomUUID } from 'node:crypto';
import { createFileFetcher } from '../../../slack/delivery/incoming-files.ts';
import { openDatabase } from '../../../store/database.ts';
import { getFile, saveFile } from '../../../store/files.ts';
import type { InboxFile } from '../../../store/inbox.ts';
import { putFile, putMessage } from '../../../store/outbox.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { everyText, type SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;
let thread: SimMessage;

beforeAll(async () => {
  stage = await startGatewayStage();
  await stage.start();
}, 60_000);
beforeEach(async () => {
  thread = await stage.slack.post('ada', 'platform-eng', 'a thread of its own');
});
afterEach(() => stage.slack.clearFaults());
afterAll(() => stage?.[Symbol.asyncDispose]());

interface KeptFile {
  readonly name: string;
  readonly file?: string;
  readonly problem?: string;
}

async function filesOf(message: SimMessage): Promise<KeptFile[]> {
  await stage.slack.waitForReaction(message, 'eyes', 20_000);
  return (await stage.inbox()).find((row) => row.ts === message.ts)?.files as KeptFile[];
}

async function notices(message: SimMessage): Promise<readonly string[]> {
  return (await stage.slack.answers(message)).map(everyText).filter((text) => text.includes('not with me'));
}

async function putBytes(bytes: Buffer, name = 'chart.png'): Promise<string> {
  const session = stage.sessionOf(thread);
  const key = randomUUID();
  const fileId = await saveFile(stage.db.database, { session, name, bytes, direction: 'out', origin: key });
  const place = { team: TEAM, channel: thread.channel, threadTs: thread.ts, session };
  await putFile(stage.db.database, { ...place, key, body: { fileId, name } });
  return key;
}

async function shared(): Promise<SimMessage['files']> {
  return (await stage.slack.answers(thread)).flatMap((message) => message.files);
}

test('what somebody attaches is fetched before the session hears of the message', async () => {
  const content = Buffer.from('a,b\n1,2\n');
  const mention = await stage.slack.post('ada', 'platform-eng', '@bellhop look', {
    files: [{ name: 'a.csv', content }],
  });
  const [file] = await filesOf(mention);
  expect(file).toMatchObject({ name: 'a.csv' });
  const { rows } = await stage.db.database.query('select direction, size from file where id = $1', [file?.file]);
  expect(rows[0]).toEqual({ direction: 'in', size: String(content.length) });
  const { session, name, bytes } = (await getFile(stage.db.database, file?.file ?? '')) ?? {};
  expect({ session, name, bytes }).toEqual({ session: stage.sessionOf(mention), name: 'a.csv', bytes: content });
});

test('a connection to the database that is gone is not held against the file', async () => {
  const { slack, db } = stage;
  const mention = await slack.post('ada', 'platform-eng', '@bellhop look', {
    files: [{ name: 'a.csv', content: 'a,b\n' }],
  });
  await filesOf(mention);
  const { rows } = await db.database.query<{ files: InboxFile[] }>('select files from inbox where ts = $1', [
    mention.ts,
  ]);
  const { file: _, ...asSlackSaid } = rows.flatMap((row) => row.files)[0] as InboxFile;
  const gone = openDatabase({ url: db.url, name: 'gone' });
  await gone.end();
  const fetchFiles = createFileFetcher({
    ...{ db: gone, botToken: slack.tokens.bot, apiUrl: slack.apiUrl },
    calls: { call: () => Promise.reject(new Error('nothing is asked')) },
  });
  await expect(fetchFiles(stage.sessionOf(mention), [asSlackSaid])).rejects.toThrow();
});

test('limits are named: the sixth file and one over 20 MB are not taken', async () => {
  const small = Array.from({ length: 6 }, (_, i) => ({ name: `${i}.txt`, content: 'x' }));
  const many = await stage.slack.post('ada', 'platform-eng', '@bellhop many', { files: small });
  const kept = await filesOf(many);
  expect(kept.filter((file) => file.file)).toHaveLength(5);
  expect(kept[5]?.problem).toMatch(/may have 5 files/);
  await stage.slack.waitForAnswer(many, /5\.txt: not taken: a message may have 5 files/);
  const large = [{ name: 'big.bin', content: Buffer.alloc(20 * 1024 * 1024 + 1) }];
  const big = await stage.slack.post('ada', 'platform-eng', '@bellhop big', { files: large });
  expect((await filesOf(big))[0]?.problem).toMatch(/larger than 20 MB/);
  await stage.slack.waitForAnswer(big, /big\.bin: not taken: larger than 20 MB/);
}, 60_000);

test('a file that Slack gives as an id only is asked for and taken', async () => {
  const mention = await stage.slack.post('ada', 'platform-eng', '@bellhop look', {
    files: [{ name: 'a.csv', content: 'a,b\n', idOnly: true }],
  });
  const [file] = await filesOf(mention);
  expect(file).toMatchObject({ name: 'a.csv', mimetype: 'text/csv', size: 4 });
  expect((await getFile(stage.db.database, file?.file ?? ''))?.bytes.toString()).toBe('a,b\n');
  expect(await notices(mention)).toEqual([]);
});

test('one that Slack does not show then is named to the agent and to the person', async () => {
  await stage.slack.fault({ failWith: 'files.info', error: 'file_deleted', times: 1 });
  const mention = await stage.slack.post('ada', 'platform-eng', '@bellhop look', {
    files: [{ name: 'a.csv', content: 'a,b\n', idOnly: true }],
  });
  const [file] = await filesOf(mention);
  expect(file?.problem).toBe('not taken: Slack does not show it to me (file_deleted)');
  await stage.slack.waitForAnswer(mention, /One file of your message is not with me[\s\S]*file_deleted/);
});

test('a rate limit of files.info is waited out', async () => {
  await stage.slack.fault({ rateLimit: 'files.info', times: 1, retryAfter: 1 });
  const mention = await stage.slack.post('ada', 'platform-eng', '@bellhop look', {
    files: [{ name: 'a.csv', content: 'a,b\n', idOnly: true }],
  });
  expect((await filesOf(mention))[0]?.file).toBeDefined();
});

test('a file for the thread arrives once, with its bytes', async () => {
  const bytes = Buffer.from('not really a picture');
  await putBytes(bytes);
  await until(async () => (await shared()).length === 1, 'the file');
  const [file] = await shared();
  expect(file?.name).toBe('chart.png');
  expect(await stage.slack.file(file?.id ?? '')).toEqual(bytes);
});

test('an upload whose completion was answered by nobody is not completed twice', async () => {
  await stage.slack.fault({ acceptThenDrop: 'files.completeUploadExternal' });
  const key = await putBytes(Buffer.from('once'));
  await until(
    async () => {
      const { rows } = await stage.db.database.query('select sent_revision from outbox where key = $1', [key]);
      return rows[0]?.sent_revision === 1;
    },
    'the row to be sent',
    20_000,
  );
  expect(await shared()).toHaveLength(1);
}, 30_000);

test('an address for an upload that nobody answered is asked for again', async () => {
  await stage.slack.fault({ acceptThenDrop: 'files.getUploadURLExternal' });
  await putBytes(Buffer.from('again'));
  await until(async () => (await shared()).length === 1, 'the file', 20_000);
}, 30_000);

test('a file comes before the answer that was written after it', async () => {
  const { slack, db } = stage;
  await putBytes(Buffer.from('first'));
  await putMessage(db.database, {
    key: randomUUID(),
    team: TEAM,
    channel: thread.channel,
    threadTs: thread.ts,
    body: { kind: 'answer', text: 'See above.' },
    final: true,
  });
  await slack.waitForAnswer(thread, /See above/);
  await until(async () => (await shared()).length === 1, 'the file');
});

test('the title of a posted file pings nobody and makes no links', async () => {
  const session = stage.sessionOf(thread);
  const key = randomUUID();
  const bytes = Buffer.from('a,b\n');
  const name = 'a.csv';
  const fileId = await saveFile(stage.db.database, { session, name, bytes, direction: 'out', origin: key });
  const comment = '<!channel> <https://evil.test|your bank> https://evil.test/x.png www.evil.test';
  const place = { team: TEAM, channel: thread.channel, threadTs: thread.ts, session };
  await putFile(stage.db.database, { ...place, key, body: { fileId, name, comment } });
  const posted = async () => (await stage.slack.answers(thread)).filter((message) => message.files.length > 0);
  await until(async () => (await posted()).length === 1, 'the file');
  const [message] = await posted();
  if (!message) throw new Error('unreachable');
  expect(everyText(message)).not.toMatch(/<!channel|<https:|:\/\/|evil\.test/);
}, 60_000);
