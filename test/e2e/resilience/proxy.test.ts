import { setTimeout as sleep } from 'node:timers/promises';
import { answersIn, brokenModelCalls } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { inSandbox, untilInSandbox } from '../../support/installation/sandboxes.ts';
import { toolSteps, waitForTurn } from '../../support/installation/turns.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

/** Prints 200 when the allowed host was reached. */
const REACH = "curl -s -m 4 -o /dev/null -w '%{http_code}' https://docs.acme.test/ || true";
/** A command that goes on when the test says so. */
const WAIT = 'touch /workspace/here; until test -e /workspace/go; do sleep 0.1; done';

test('SIGKILL of the proxy in a turn: nothing gets out, and after its restart the same turn gets through', async () => {
  const mention = await bellhop.slack.post(
    'ada',
    '#platform-eng',
    `@bellhop\n$ ${REACH}; ${WAIT}; ${REACH}\n$ curl -sS https://api.acme.test/v1/signups`,
  );
  await untilInSandbox(bellhop, mention, 'test -e /workspace/here');

  await bellhop.processes.proxy.kill('SIGKILL');
  expect(await inSandbox(bellhop, mention, REACH)).not.toBe('200');
  await inSandbox(bellhop, mention, 'touch /workspace/go');
  await sleep(2_000);
  await bellhop.processes.proxy.restart();

  expect(await waitForTurn(bellhop, mention, 1, 40_000)).toMatchObject({ state: 'answered' });
  const [first, second] = await toolSteps(bellhop, mention);
  expect(first?.output).toMatch(/^200(000|503|502)$/);
  expect(second?.output).toContain('"caller": "svc-bellhop"');
  await bellhop.slack.waitForAnswer(mention, /signups/);
  expect(await answersIn(bellhop, mention)).toHaveLength(1);
  expect(brokenModelCalls(bellhop)).toEqual([]);
}, 80_000);

test('a restarted proxy lets nothing out until the turn opens its lease anew', async () => {
  const mention = await bellhop.slack.post('ada', '#platform-eng', `@bellhop\n$ ${REACH}; ${WAIT}\n$ ${REACH}`);
  await untilInSandbox(bellhop, mention, 'test -e /workspace/here');

  // Nobody is left who could open a lease.
  await bellhop.processes.runner.kill('SIGKILL');
  await bellhop.processes.proxy.kill('SIGKILL');
  await bellhop.processes.proxy.restart();
  expect(await inSandbox(bellhop, mention, REACH)).not.toBe('200');
  await bellhop.processes.runner.restart();
  await untilInSandbox(bellhop, mention, `test "$(${REACH})" = 200`, 40_000);
  await inSandbox(bellhop, mention, 'touch /workspace/go');

  expect(await waitForTurn(bellhop, mention, 1, 40_000)).toMatchObject({ state: 'answered' });
  expect(await toolSteps(bellhop, mention)).toMatchObject([{ output: '200' }, { output: '200' }]);
  expect(await inSandbox(bellhop, mention, REACH)).not.toBe('200');
}, 100_000);
