import { stat } from 'node:fs/promises';
import path from 'node:path';
import { createProxyControl } from '../../../proxy/control-client.ts';
import { containersOf } from '../../support/installation/containers.ts';
import { answersIn, brokenModelCalls } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { untilInSandbox } from '../../support/installation/sandboxes.ts';
import { sessionOf, toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import { until } from '../../support/until.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

const A_MINUTE = 60_000;

test('a terminated session loses container, socket and lease within a minute; its thread is told and can go on', async () => {
  const mention = await bellhop.slack.post(
    'ada',
    '#platform-eng',
    '@bellhop\n$ echo kept > note; touch here; sleep 600',
  );
  await untilInSandbox(bellhop, mention, 'test -e /workspace/here');
  const session = sessionOf(mention);
  const { rows } = await bellhop.database.query<{ id: string }>('select id from sandbox where session = $1', [session]);
  const sandbox = rows[0]?.id ?? '';
  const folder = path.join(bellhop.home, 'run', sandbox);
  await expect(stat(folder)).resolves.toBeDefined();
  await using proxy = controlOf(bellhop);
  expect(await proxy.lease(sandbox)).toMatchObject({ state: 'open' });

  await bellhop.temporal.client.workflow.getHandle(session).terminate('a test');

  await Promise.all([
    until(async () => (await containersOf(bellhop.id)).length === 0, 'the container to go', A_MINUTE),
    until(() => isGone(folder), 'the socket to go', A_MINUTE),
    until(async () => (await proxy.lease(sandbox)).state !== 'open', 'the lease to go', A_MINUTE),
    bellhop.slack.waitForAnswer(mention, /ended from outside/, A_MINUTE),
  ]);
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'failed', failure: 'SessionEnded' });
  expect(await answersIn(bellhop, mention)).toHaveLength(1);

  await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ cat note', { threadTs: mention.ts });
  expect(await waitForTurn(bellhop, mention, 2)).toMatchObject({ state: 'answered' });
  await bellhop.slack.waitForAnswer(mention, /kept\n/);
  expect(brokenModelCalls(bellhop)).toEqual([]);
}, 120_000);

test('whoever speaks in the thread of a terminated session finds its message ended and its processes gone', async () => {
  const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ touch here; sleep 600');
  await untilInSandbox(bellhop, mention, 'test -e /workspace/here');
  await bellhop.temporal.client.workflow.getHandle(sessionOf(mention)).terminate('a test');

  const look = "$ cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep [6]00'";
  await bellhop.slack.post('ada', '#platform-eng', `@bellhop\n${look}`, { threadTs: mention.ts });
  expect(await waitForTurn(bellhop, mention, 2, 30_000)).toMatchObject({ state: 'answered' });
  expect(await toolSteps(bellhop, mention, 2)).toMatchObject([{ output: '0\n' }]);
  await bellhop.slack.waitForAnswer(mention, /sleep \[6\]00/);
  await bellhop.slack.waitForAnswer(mention, /ended from outside/);
  expect(await answersIn(bellhop, mention)).toHaveLength(2);
  expect(brokenModelCalls(bellhop)).toEqual([]);
}, 60_000);

function controlOf({ home }: Installation) {
  const control = createProxyControl({ socketPath: path.join(home, 'run', 'control.sock') });
  return { lease: control.lease, [Symbol.asyncDispose]: () => control.close() };
}

function isGone(file: string): Promise<boolean> {
  return stat(file).then(
    () => false,
    () => true,
  );
}
