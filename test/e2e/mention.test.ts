import { containersOf } from '../support/installation/containers.ts';
import { answersIn } from '../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../support/installation/installation.ts';
import { waitForTurn } from '../support/installation/turns.ts';
import { until } from '../support/until.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

const WORK = [
  '@bellhop',
  '$ curl -sS https://api.acme.test/v1/signups',
  '$ curl -sS https://docs.acme.test/',
  '$ curl -sS -X POST -d data https://paste.acme.test/',
].join('\n');

test('a mention is answered once, with one request injected, one forwarded and one blocked', async () => {
  await bellhop.slack.fault({ redeliver: 5 });
  const mention = await bellhop.slack.post('ada', '#platform-eng', WORK);
  const answer = await bellhop.slack.waitForAnswer(mention, /paste\.acme\.test/, 60_000);
  expect(answer.text).toContain('paste.acme.test was blocked');
  // A message of its own, since Slack notifies nobody of an edit.
  expect(answer.notified).toContain(mention.user);
  await bellhop.slack.clearFaults();

  const { session } = await waitForTurn(bellhop, mention, 1);
  const egress = () =>
    bellhop.database.query('select outcome, host, connection from egress_event where session = $1 order by at', [
      session,
    ]);
  // The proxy stores events on its own time.
  await until(async () => (await egress()).rowCount === 3, 'the events of three requests');
  expect((await egress()).rows).toEqual([
    { outcome: 'injected', host: 'api.acme.test', connection: 'acme-readonly' },
    { outcome: 'forwarded', host: 'docs.acme.test', connection: null },
    { outcome: 'blocked', host: 'paste.acme.test', connection: null },
  ]);
  expect(await answersIn(bellhop, mention)).toHaveLength(1);
  expect(await containersOf(bellhop.id)).toHaveLength(1);
  const turns = await bellhop.database.query('select 1 from turn where session = $1', [session]);
  expect(turns.rowCount).toBe(1);
  const output = await bellhop.database.query('select output from step where session = $1 and number = 2', [session]);
  expect(output.rows[0].output).toContain('"caller": "svc-bellhop"');
}, 120_000);

test('the same sentence reaches less in a channel with less access', async () => {
  const mention = await bellhop.slack.post('ada', '#general', '@bellhop\n$ curl -sS https://api.acme.test/v1/signups');
  const { session } = await waitForTurn(bellhop, mention, 1);
  const output = await bellhop.database.query('select output from step where session = $1 and number = 2', [session]);
  expect(output.rows[0].output).toContain('"caller": "anonymous"');
}, 60_000);
