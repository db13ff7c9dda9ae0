import { randomBytes } from 'node:crypto';
import { answersIn, brokenModelCalls } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { sessionOf, toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import { until } from '../../support/until.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

test('an attached file reaches the workspace as it was sent', async () => {
  const content = randomBytes(300_000);
  const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ sha256sum uploads/*/*', {
    files: [{ name: 'signups of May.bin', content }],
  });
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', content)).toString('hex');
  const [step] = await toolSteps(bellhop, mention);
  expect(step?.output).toMatch(new RegExp(`^${digest}  uploads/[^/]+/signups of May.bin\\n$`));
}, 60_000);

test('a file that is attached to a follow-up reaches the running turn', async () => {
  const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ sleep 3');
  const reply = await bellhop.slack.post('ada', '#platform-eng', '$ cat uploads/*/note.txt', {
    threadTs: mention.ts,
    files: [{ name: 'note.txt', content: 'from the follow-up' }],
  });
  await bellhop.slack.waitForReaction(reply);
  await bellhop.slack.waitForAnswer(mention, /from the follow-up[\s\S]*2 tool calls/);
}, 60_000);

test('a posted file is in the thread once, whole, also when the gateway is killed and Slack is unsure', async () => {
  await bellhop.slack.fault({ acceptThenDrop: 'files.completeUploadExternal', times: 1 });
  const mention = await bellhop.slack.post(
    'ada',
    '#platform-eng',
    '@bellhop\n$ seq 1 50000 > numbers.txt\npost numbers.txt',
  );
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  await bellhop.processes.gateway.kill('SIGKILL');
  await bellhop.processes.gateway.restart();
  const settled = "select 1 from outbox where session = $1 and kind = 'file' and sent_revision = revision";
  const isSettled = async () => (await bellhop.database.query(settled, [sessionOf(mention)])).rowCount === 1;
  await until(isSettled, 'the file to be posted', 45_000);

  const files = (await bellhop.slack.thread(mention)).flatMap((message) => message.files);
  expect(files).toMatchObject([{ name: 'numbers.txt' }]);
  const expected = Array.from({ length: 50_000 }, (_, index) => `${index + 1}\n`).join('');
  expect((await bellhop.slack.file(files[0]?.id ?? '')).toString()).toBe(expected);
}, 90_000);

test('limits of files are named: too many, and too large to post', async () => {
  const files = Array.from({ length: 6 }, (_, index) => ({ name: `${index}.txt`, content: 'x' }));
  const mention = await bellhop.slack.post(
    'ada',
    '#platform-eng',
    '@bellhop\n$ ls uploads/*/ | grep -c txt\n$ head -c 21000000 /dev/zero > large\npost large',
    { files },
  );
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  const [count, , post] = await toolSteps(bellhop, mention);
  expect(count?.output).toBe('5\n');
  expect(post?.state).toBe('failed');
  const said = JSON.stringify(bellhop.model.calls.at(-1)?.request?.messages);
  expect(said).toContain('not taken: a message may have 5 files');
  expect(said).toMatch(/20 MB|20971520/);
  // The person is told of the file that was not taken, once, and gets one answer.
  expect(await answersIn(bellhop, mention)).toEqual([
    expect.stringMatching(
      /^One file of your message is not with me[\s\S]*5\.txt: not taken: a message may have 5 files/,
    ),
    expect.stringContaining('The file is too large for this tool.'),
  ]);
  expect(brokenModelCalls(bellhop)).toEqual([]);
}, 60_000);

/** 2 x 1 pixels, one red and one blue. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADUlEQVR4nGP4zwAE/wEHAAH/4iOeWQAAAABJRU5ErkJggg==',
  'base64',
);

test('an attached picture is in the first request to the model, made ready in the sandbox', async () => {
  const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\nsay I have looked', {
    files: [{ name: 'screen.png', content: PNG, idOnly: true }],
  });
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  await bellhop.slack.waitForAnswer(mention, /I have looked/);
  const [step] = await toolSteps(bellhop, mention);
  expect(step).toMatchObject({ tool: 'view_file', state: 'done' });
  const request = bellhop.model.calls.at(-1)?.request;
  expect(request?.messages).toHaveLength(1);
  expect(JSON.stringify(request?.messages)).toMatch(/screen\.png is a picture \(PNG, 2 x 1 pixels\).*"type":"image"/);
  expect(brokenModelCalls(bellhop)).toEqual([]);
}, 60_000);
