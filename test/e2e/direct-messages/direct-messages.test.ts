import { containersOf } from '../../support/installation/containers.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { sessionOf, TEAM, toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import { until } from '../../support/until.ts';

const ADA = 'U0000000ADA';
const SIGNUPS = '$ curl -sS https://api.acme.test/v1/signups';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

async function started(): Promise<{ sessions: number; workflows: number; containers: number; modelCalls: number }> {
  const { rowCount } = await bellhop.database.query('select 1 from session');
  const { count } = await bellhop.temporal.client.workflow.count("WorkflowType = 'threadSession'");
  const containers = await containersOf(bellhop.id);
  return {
    sessions: rowCount ?? 0,
    workflows: count,
    containers: containers.length,
    modelCalls: bellhop.model.calls.length,
  };
}

/** Every message so far has been decided on, and what is to be said about it is said. */
async function quiet(messages: number): Promise<void> {
  await until(async () => {
    const { rows } = await bellhop.database.query<{ known: number; open: number; unsaid: number }>(
      `select (select count(*)::int from inbox) as known,
              (select count(*)::int from inbox where state = 'received') as open,
              (select count(*)::int from outbox where sent_revision < revision and failed is null) as unsaid`,
    );
    return rows[0]?.known === messages && rows[0].open === 0 && rows[0].unsaid === 0;
  }, `${messages} messages to be handled`);
}

test('guests, other organizations, bots and group messages are refused in words, once, and nothing is started', async () => {
  const { slack } = bellhop;
  const dm = await slack.openDm('gia');
  const cases = [
    ['gia', 'partners', /Guests cannot/],
    ['sol', 'partners', /Guests cannot/],
    ['gia', dm, /Guests cannot/],
    ['hal', 'acme-globex', /other organizations/],
    ['ada', 'acme-globex', /shared with another organization/],
    ['deploybot', 'platform-eng', /not for other bots/],
    ['ada', 'C000000MPIM', /group messages/],
  ] as const;
  for (const [as, channel, words] of cases) {
    const first = await slack.post(as, channel, `@bellhop\n${SIGNUPS}`);
    await slack.waitForAnswer(first, words);
    await slack.post(as, channel, `@bellhop\n${SIGNUPS}`, { threadTs: first.ts });
  }
  await slack.post('grace', 'C000000MPIM', '@bellhop and here?');
  await quiet(cases.length * 2 + 1);
  const { messages } = await slack.state();
  const said = messages.filter(({ user }) => user === 'U000BELLHOP');
  expect(said).toHaveLength(cases.length);
  expect(await started()).toEqual({ sessions: 0, workflows: 0, containers: 0, modelCalls: 0 });
}, 60_000);

test("a direct message has nothing of a channel's or the organization's access, whoever writes it", async () => {
  const { slack, database } = bellhop;
  const there = await slack.post('ada', 'platform-eng', `@bellhop\n${SIGNUPS}\n$ echo mine > note.txt`);
  expect(await waitForTurn(bellhop, there, 1)).toMatchObject({ state: 'answered' });
  expect((await toolSteps(bellhop, there))[0]?.output).toContain('"caller": "svc-bellhop"');

  const dm = await slack.openDm('ada');
  const here = await slack.post('ada', dm, `${SIGNUPS}\n$ curl -sS https://docs.acme.test/\n$ ls`);
  const { session, state } = await waitForTurn(bellhop, here, 1);
  expect(state).toBe('answered');
  const { rows: events } = await database.query(
    'select outcome, code, host, connection, scope, principal, requester from egress_event where session = $1 order by at',
    [session],
  );
  const person = `person:${TEAM}:${ADA}`;
  const blocked = { outcome: 'blocked', code: 'not_allowed', connection: null };
  const by = { scope: person, principal: person, requester: ADA };
  expect(events).toEqual([
    { ...blocked, host: 'api.acme.test', ...by },
    { ...blocked, host: 'docs.acme.test', ...by },
  ]);
  const [signups, docs, files] = await toolSteps(bellhop, here);
  expect(signups?.output).not.toContain('caller');
  expect(docs?.output).toContain('403');
  // Another container than the channel's, with a workspace of its own.
  expect(files).toMatchObject({ exitCode: 0, output: '' });
  const { rows: sessions } = await database.query('select scope, principal from session where id = $1', [session]);
  expect(sessions).toEqual([{ scope: person, principal: person }]);
  const workflow = await bellhop.temporal.client.workflow.getHandle(session).describe();
  expect(workflow.searchAttributes.BellhopScope).toEqual([person]);

  // Nobody has to be tagged in a direct message.
  await slack.post('ada', dm, '$ echo again', { threadTs: here.ts });
  expect(await waitForTurn(bellhop, here, 2)).toMatchObject({ session: sessionOf(here), state: 'answered' });
}, 120_000);
