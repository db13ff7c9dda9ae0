import { contention } from '../support/contention.ts';
import { containersOf } from '../support/installation/containers.ts';
import { type Installation, startInstallation } from '../support/installation/installation.ts';
import { toolSteps, waitForTurn } from '../support/installation/turns.ts';
import { until } from '../support/until.ts';

/** As many sandboxes as a runner holds unless it is told otherwise. */
const CROWD = 60;

/** Sixty sandboxes that are being started take all of a machine for a while. What is measured is what their streams take. */
const CALM = 1.5;

/** A tool call that has to wait for a stream's end would wait for minutes. */
const AT_MOST_MS = 5_000;

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation({
    environment: { BELLHOP_SANDBOXES: String(CROWD + 1), BELLHOP_SANDBOX_MEMORY_MB: '128' },
  });
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 120_000);

/** A first request, again where sixty that come at once are too many, and then an upload that goes on, or begins again, for as long as it is let. */
const STREAM = [
  'curl -sS -o /dev/null --retry 20 --retry-all-errors https://docs.acme.test/',
  'while :; do (while :; do echo more; sleep 2; done) | curl -sS -T - https://docs.acme.test/; sleep 1; done',
].join(' && ');

test(`${CROWD} sandboxes with open streams do not starve a tool call of another session`, async () => {
  for (let n = 0; n < CROWD; n += 1) await bellhop.slack.post('ada', '#platform-eng', `@bellhop\n$ ${STREAM}`);
  const running = async () =>
    (await bellhop.database.query("select 1 from step where kind = 'tool' and state = 'running'")).rowCount ?? 0;
  // The first request of each is over, so what runs is the stream, and no sandbox is being started any more.
  const asked = async () =>
    (
      await bellhop.database.query(
        "select 1 from egress_event where method = 'GET' and outcome = 'forwarded' and status = 200",
      )
    ).rowCount ?? 0;
  await until(async () => (await asked()) >= CROWD, 'the first request of every sandbox', 400_000);
  await until(async () => (await running()) === CROWD, 'every stream to be open', 60_000);
  await until(async () => contention() < CALM, 'the machine to have started everything', 120_000);
  expect(await containersOf(bellhop.id)).toHaveLength(CROWD);

  const work = '$ curl -sS https://docs.acme.test/ | grep -c .\n$ echo quick';
  const mention = await bellhop.slack.post('grace', '#general', `@bellhop\n${work}`);
  expect(await waitForTurn(bellhop, mention, 1, 120_000)).toMatchObject({ state: 'answered' });
  const steps = await toolSteps(bellhop, mention);
  expect(steps).toMatchObject([{ exitCode: 0 }, { output: 'quick\n' }]);
  for (const { ms } of steps) expect(ms).toBeLessThan(AT_MOST_MS * contention());
  // Every stream is as open as it was.
  expect(await running()).toBe(CROWD);
}, 500_000);
