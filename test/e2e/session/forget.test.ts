/** What is left of a thread that somebody had forgotten, and of one that was restarted. */
import { docker } from '../../support/installation/containers.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { sessionOf, toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation({
    environment: { BELLHOP_PAUSE_AFTER_SECONDS: '5', BELLHOP_REMOVE_AFTER_SECONDS: '5' },
  });
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

/** A turn that has read an attachment and has written a file beside it. */
async function worked(): Promise<SimMessage> {
  const mention = await bellhop.slack.post(
    'ada',
    '#platform-eng',
    '@bellhop\n$ echo seven > number && cat uploads/*/*',
    {
      files: [{ name: 'secret.txt', content: 'the plan' }],
    },
  );
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  return mention;
}

async function forget(thread: SimMessage): Promise<void> {
  await bellhop.slack.post('grace', '#platform-eng', '!forget', { threadTs: thread.ts });
  const asked = async () =>
    (await bellhop.slack.state()).ephemerals.find(
      ({ threadTs, text }) => threadTs === thread.ts && text.startsWith('Shall I forget this thread?'),
    );
  await until(async () => (await asked()) !== undefined, 'the question');
  const found = await asked();
  if (found) await bellhop.slack.click('grace', found, 'bellhop_forget');
  await bellhop.slack.waitForAnswer(thread, /grace had me forget this thread/);
}

/** Everything in the workspace, as the next turn finds it, but what every sandbox makes at its start; and what its model was told. */
async function nextTurn(thread: SimMessage, turn: number): Promise<{ found: string; told: string }> {
  await bellhop.slack.post('ada', '#platform-eng', '@bellhop $ find . -type f -not -path "./.home/.pki/*" | sort', {
    threadTs: thread.ts,
  });
  expect(await waitForTurn(bellhop, thread, turn)).toMatchObject({ state: 'answered' });
  const found = (await toolSteps(bellhop, thread, turn)).at(-1)?.output ?? '';
  return { found, told: JSON.stringify(bellhop.model.calls.at(-1)?.request?.messages) };
}

test('of a thread that was forgotten the next turn finds no file and reads no word; the record stays', async () => {
  const thread = await worked();
  await forget(thread);
  const { found, told } = await nextTurn(thread, 2);
  expect(found).toBe('');
  expect(told).not.toMatch(/seven|the plan|secret\.txt/);
  const { rows } = await bellhop.database.query<{ kept: string }>(
    'select string_agg(content::text, chr(10)) as kept from transcript where session = $1 and turn = 1',
    [sessionOf(thread)],
  );
  expect(rows[0]?.kept).toContain('the plan');
}, 90_000);

test('the workspace of a thread that was forgotten is gone soon after, also when nobody writes there again', async () => {
  const volumeOf = async (thread: SimMessage) => {
    const { rows } = await bellhop.database.query<{ id: string }>('select id from sandbox where session = $1', [
      sessionOf(thread),
    ]);
    return docker('volume', 'ls', '-q', '--filter', `name=${rows[0]?.id}`);
  };
  const [forgotten, kept] = [await worked(), await worked()];
  expect(await volumeOf(forgotten)).not.toBe('');
  await forget(forgotten);
  await until(async () => (await volumeOf(forgotten)) === '', 'the volume to be removed', 90_000);
  expect(await volumeOf(kept)).not.toBe('');
}, 150_000);

test('work under way ends, and what it goes on writing until then is gone as well', async () => {
  const thread = await bellhop.slack.post(
    'ada',
    '#platform-eng',
    '@bellhop\n$ for i in $(seq 300); do echo $i > "n$i"; sleep 0.2; done',
  );
  await until(async () => (await toolSteps(bellhop, thread)).length === 1, 'the command', 45_000);
  await forget(thread);
  expect(await waitForTurn(bellhop, thread, 1)).toMatchObject({ state: 'stopped' });
  expect((await nextTurn(thread, 2)).found).toBe('');
}, 90_000);

test('a restart keeps the files, and has the thread read anew', async () => {
  const thread = await worked();
  await bellhop.slack.post('grace', '#platform-eng', '!restart', { threadTs: thread.ts });
  await bellhop.slack.waitForWhisper('grace', /I begin anew here/);
  const { found, told } = await nextTurn(thread, 2);
  expect(found).toMatch(/\.\/number/);
  expect(found).toMatch(/secret\.txt/);
  expect(told).toContain('echo seven');
}, 90_000);
