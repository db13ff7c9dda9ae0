import type { WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { bellhopCommand } from '../../support/installation/command-line.ts';
import { containersOf } from '../../support/installation/containers.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { sessionOf, TEAM, waitForTurn } from '../../support/installation/turns.ts';
import { until } from '../../support/until.ts';

const ADA = 'U0000000ADA';
const SCOPE = `channel:${TEAM}:C00PLATFORM`;
const UI = { TEMPORAL_UI_URL: 'http://temporal.example:8233' };

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

/** Waits until no turn is at work on a runner: a place is given back when the sandbox is settled, which follows the answer. */
async function everyPlaceIsGivenBack(): Promise<void> {
  const atWork = async () =>
    (await bellhop.database.query('select 1 from sandbox where working_turn is not null')).rowCount;
  await until(async () => (await atWork()) === 0, 'every place to be given back');
}

/** What Temporal UI shows over a running workflow, asked for as it does. */
async function currentDetails(handle: WorkflowHandle): Promise<string> {
  const { currentDetails: details } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return details ?? '';
}

/** Activities of a workflow with the summaries that Temporal UI shows beside them. */
async function activitySummaries(handle: WorkflowHandle): Promise<[string, string | null][]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap((event): [string, string | null][] => {
    const name = event.activityTaskScheduledEventAttributes?.activityType?.name;
    const summary = event.userMetadata?.summary;
    return name ? [[name, summary ? defaultPayloadConverter.fromPayload<string>(summary) : null]] : [];
  });
}

test('Temporal UI shows who works where on what, and what left the sandbox', async () => {
  const mention = await bellhop.slack.post(
    'ada',
    'platform-eng',
    '@bellhop\n$ curl -sS https://api.acme.test/v1/signups\n$ curl -sS https://paste.acme.test/',
  );
  const { session } = await waitForTurn(bellhop, mention, 1);
  const handle = bellhop.temporal.client.workflow.getHandle(session);
  await until(async () => (await handle.describe()).searchAttributes.BellhopState?.[0] === 'idle', 'the settled turn');
  const shown = await handle.describe();
  expect(shown.searchAttributes).toMatchObject({
    BellhopTeam: [TEAM],
    BellhopChannel: ['C00PLATFORM'],
    BellhopScope: [SCOPE],
    BellhopRequester: [ADA],
    BellhopState: ['idle'],
    BellhopRunner: ['local'],
  });
  expect(shown.memo?.permalink).toMatch(/^http.*\/archives\/C00PLATFORM\/p\d{16}$/);
  expect(await shown.staticSummary()).toBe('#platform-eng · ada');
  expect((await currentDetails(handle)).split('\n\n')).toEqual([
    '#platform-eng · ada',
    `**idle** · turn 1 · ${SCOPE} · for ${ADA} · on runner local`,
    expect.stringMatching(/^egress of finished turns: 1 injected, 0 forwarded, 1 blocked, \d+ bytes out$/),
  ]);
  const summaries = await activitySummaries(handle);
  expect(summaries.filter(([name]) => name === 'runTool')).toEqual([
    ['runTool', 'turn 1 · bash'],
    ['runTool', 'turn 1 · bash'],
  ]);
  expect(summaries).toContainEqual(['callModel', 'turn 1 · model']);
  expect(summaries).toContainEqual(['streamEgress', 'turn 1 · egress']);
  const found = bellhop.temporal.client.workflow.list({
    query: `BellhopChannel = 'C00PLATFORM' AND BellhopRunner = 'local'`,
  });
  await until(async () => {
    for await (const { workflowId } of found) if (workflowId === session) return true;
    return false;
  }, 'the session in a search');
}, 90_000);

test('a message is found by its link, and an answer by its own; of a refused one it is said', async () => {
  const mention = await bellhop.slack.post('ada', 'platform-eng', '@bellhop\n$ curl -sS https://docs.acme.test/');
  const { session } = await waitForTurn(bellhop, mention, 1);
  const answer = await bellhop.slack.waitForAnswer(mention, /1 forwarded/);
  const counted = 'select 1 from turn where session = $1 and forwarded = 1';
  await until(async () => (await bellhop.database.query(counted, [session])).rowCount === 1, 'the counts of the turn');
  const linkOf = (ts: string, query = '') =>
    `https://acme.slack.com/archives/C00PLATFORM/p${ts.replace('.', '')}${query}`;

  const byMention = await bellhopCommand(bellhop, ['find', linkOf(mention.ts)], UI);
  expect(byMention).toMatchObject({ code: 0, err: '' });
  expect(byMention.out).toContain(`${UI.TEMPORAL_UI_URL}/namespaces/bellhop/workflows/${encodeURIComponent(session)}`);
  expect(byMention.out).toMatch(/^message +of U0000000ADA, .*: read in turn 1$/m);
  expect(byMention.out).toMatch(/^ +turn 1 +answered +ada .* 0 injected, 1 forwarded, 0 blocked +[\d,]+ tokens$/m);
  expect(byMention.out).toContain(`in ${SCOPE} as agent@${SCOPE}`);

  const link = linkOf(answer.ts, `?thread_ts=${mention.ts}&cid=C00PLATFORM`);
  const byAnswer = await bellhopCommand(bellhop, ['find', '--json', link]);
  expect(JSON.parse(byAnswer.out)).toMatchObject({ session, turns: [{ number: 1, state: 'answered', forwarded: 1 }] });

  const egress = await bellhopCommand(bellhop, ['egress', link, '--turn', '1']);
  expect(egress.out).toMatch(
    /^\S+ +turn 1 +U0000000ADA +forwarded +GET https:\/\/docs\.acme\.test\/ +200, .* ← public-web ← organization$/m,
  );
  expect((await bellhopCommand(bellhop, ['egress', link, '--turn', '2'])).out).toMatch(/^Nothing has left/);

  const refused = await bellhop.slack.post('gia', 'partners', '@bellhop hello');
  await bellhop.slack.waitForAnswer(refused, /Guests cannot/);
  const byName = await bellhopCommand(bellhop, ['find', '#partners', refused.ts]);
  expect(byName.out).toMatch(/never started\nmessage +of U0000000GIA, .*: refused/);

  const unknown = await bellhopCommand(bellhop, ['find', linkOf('1712345678.000100')]);
  expect(unknown).toMatchObject({
    code: 1,
    err: expect.stringContaining('nothing is known of a message 1712345678.000100'),
  });
}, 90_000);

test('a session that an operator cancels tells its thread, leaves nothing running, and works again when asked', async () => {
  const mention = await bellhop.slack.post('ada', 'general', '@bellhop\n$ sleep 300');
  const session = sessionOf(mention);
  const running = async () =>
    (
      await bellhop.database.query("select 1 from step where session = $1 and state = 'running' and kind = 'tool'", [
        session,
      ])
    ).rowCount === 1;
  await until(running, 'the running command', 30_000);
  const { rows } = await bellhop.database.query('select id from sandbox where session = $1', [session]);
  const handle = bellhop.temporal.client.workflow.getHandle(session);
  await handle.cancel();
  await bellhop.slack.waitForAnswer(mention, /Stopped by an operator/);
  await expect(handle.result()).rejects.toThrow(/cancelled/i);
  expect((await containersOf(bellhop.id)).filter((name) => name.includes(rows[0].id))).toEqual([]);
  expect((await handle.describe()).searchAttributes.BellhopState).toEqual(['closed']);

  await bellhop.slack.post('ada', 'general', '@bellhop\n$ echo again', { threadTs: mention.ts });
  expect(await waitForTurn(bellhop, mention, 2)).toMatchObject({ state: 'answered' });
}, 90_000);

test('a drained runner takes no new thread and goes on with those it has', async () => {
  const known = await bellhop.slack.post('ada', 'general', '@bellhop\n$ echo one > one.txt');
  await waitForTurn(bellhop, known, 1);
  await everyPlaceIsGivenBack();
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => void (await bellhopCommand(bellhop, ['runners', 'undrain', 'local'])));
  const drained = await bellhopCommand(bellhop, ['runners', 'drain', 'local']);
  expect(drained.out).toMatch(/^local takes no new threads; 0 turns are at work there\./);
  expect((await bellhopCommand(bellhop, ['status'])).out).toMatch(/^ +local +alive .* draining$/m);

  const fresh = await bellhop.slack.post('ada', 'general', '@bellhop\n$ echo new');
  await bellhop.slack.waitForAnswer(fresh, /I wait .* and start by myself/);
  await bellhop.slack.post('ada', 'general', '@bellhop\n$ cat one.txt', { threadTs: known.ts });
  expect(await waitForTurn(bellhop, known, 2)).toMatchObject({ state: 'answered' });
  expect(await bellhop.slack.answers(fresh)).toHaveLength(1);

  expect((await bellhopCommand(bellhop, ['runners', 'undrain', 'local'])).out).toBe('local takes new threads again.\n');
  expect(await waitForTurn(bellhop, fresh, 1)).toMatchObject({ state: 'answered' });
  const unknown = await bellhopCommand(bellhop, ['runners', 'drain', 'nope']);
  expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('there is no runner nope; known are local') });
}, 90_000);

test('status answers while Temporal is away, on the command line and in the thread', async () => {
  const known = await bellhop.slack.post('ada', 'general', '@bellhop\n$ echo one');
  await waitForTurn(bellhop, known, 1);
  const dm = await bellhop.slack.openDm('grace');
  const direct = await bellhop.slack.post('grace', dm, '$ echo one');
  await waitForTurn(bellhop, direct, 1);
  await everyPlaceIsGivenBack();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => bellhop.temporal.start());
  await bellhop.temporal.stop();
  const waiting = await bellhop.slack.post('ada', 'platform-eng', '@bellhop\n$ echo late');
  const unsignalled = async () => {
    const { rowCount } = await bellhop.database.query('select 1 from inbox where ts = $1', [waiting.ts]);
    return rowCount === 1;
  };
  await until(unsignalled, 'the message to be stored');
  const { code, out } = await bellhopCommand(bellhop, ['status']);
  expect(code).toBe(0);
  expect(out).toMatch(new RegExp(`^ +#general +\\w+ +turn 1 answered .* ada .* ${sessionOf(known)}$`, 'm'));
  expect(out).toMatch(/^ +direct message +\w+ +turn 1 answered .* grace /m);
  expect(out).toMatch(/^ +local +alive +\d+ of 60 sandboxes, 0 at work +run/m);
  expect(out).toMatch(/^Inbox +1 not yet with its session, the oldest for \d+ s$/m);
  expect(out).toMatch(/^Outbox +nothing waits$/m);
  const found = await bellhopCommand(bellhop, ['find', 'C00PLATFORM', waiting.ts]);
  expect(found.out).toMatch(/waits for (Temporal|the gateway)/);

  await bellhop.slack.post('ada', 'general', '@bellhop status', { threadTs: known.ts });
  await bellhop.slack.waitForWhisper('ada', /Nothing is running here|Resting/);
  await stack.disposeAsync();
  expect(await waitForTurn(bellhop, waiting, 1)).toMatchObject({ state: 'answered' });
}, 120_000);
