import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { sessionOf, TEAM, toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import { everyText, type SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

const OFFER = `
people:
  offer: [{ preset: gitea, host: git.acme.test, addresses: ["127.0.0.1/32:7443"] }]
  in-channels: ask
`;
const MINE = '  "#secops": { identity: requester, personal: [gitea] }\n';
const LOOK = [
  `$ git clone -q https://git.acme.test/acme/shop.git && cd shop && git switch -qc bellhop/mine && echo mine > note && git add note && git commit -qm mine && git push -q origin HEAD && git --no-pager log -1 --format='%an <%ae>'`,
  `$ printf '{"title":"WIP: mine","head":"bellhop/mine","base":"main"}' | curl -sS --fail-with-body -H 'content-type: application/json' -d @- https://git.acme.test/api/v1/repos/acme/shop/pulls | grep login`,
  '$ curl -sS -i https://api.acme.test/v1/signups',
].join('\n');

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
  const demo = await bellhop.demoFile();
  await bellhop.apply(`${demo.replace(/^channels:\n/m, `channels:\n${MINE}`)}${OFFER}`);
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

async function connect(who: 'ada' | 'linus'): Promise<void> {
  const { slack, ownTokens } = bellhop;
  const asked = await slack.post(who, await slack.openDm(who), 'connect gitea');
  await slack.click(who, await slack.waitForAnswer(asked, /Press the button/), 'bellhop_connect');
  await slack.waitForModal(who);
  expect(await slack.submit(who, { token: `${who}:${ownTokens[who]}` })).toMatchObject({ closed: true });
  await slack.waitForAnswer(asked, /is connected/);
}

async function whispered(to: string, matches: RegExp): Promise<void> {
  const id = bellhop.slack.simulator.world.person(to)?.id;
  await until(async () => {
    const { ephemerals } = (await bellhop.slack.state()) as unknown as {
      ephemerals: { visibleTo: string; text: string; blocks: never[] }[];
    };
    return ephemerals.some((one) => one.visibleTo === id && matches.test(everyText(one)));
  }, `${to} is told ${matches}`);
}

let adas: SimMessage;

test('somebody without the connection is told how to add it, and nothing is begun', async () => {
  const { slack, database } = bellhop;
  await slack.post('ada', 'secops', `@bellhop\n${LOOK}`);
  await whispered('ada', /In #secops I act as you.*`connect gitea` to me in a direct message/);
  expect((await database.query('select 1 from session')).rowCount).toBe(0);
});

test('commit, branch and pull request are by the person who began the thread, and no credential of the channel is there', async () => {
  const { slack, database } = bellhop;
  await connect('ada');
  adas = await slack.post('ada', 'secops', `@bellhop\n${LOOK}`);
  expect(await waitForTurn(bellhop, adas, 1, 120_000)).toMatchObject({ state: 'answered' });
  const [log, pull, signups] = (await toolSteps(bellhop, adas)).map(({ output }) => output ?? '');
  expect(log).toContain('ada <ada@noreply.git.acme.test>');
  expect(pull).toContain('"login": "ada"');
  expect(signups).not.toContain('svc-bellhop');
  await slack.waitForAnswer(adas, /in the name of ada · 3 tool calls/);
  const { rows } = await database.query(
    "select distinct principal, requester, connection from egress_event where session = $1 and outcome = 'injected'",
    [sessionOf(adas)],
  );
  const person = `person:${TEAM}:${adas.user}`;
  expect(rows).toEqual([{ principal: person, requester: adas.user, connection: 'personal/gitea' }]);
}, 150_000);

test('a second person in that thread borrows nothing, and their own thread is theirs', async () => {
  const { slack, database } = bellhop;
  await connect('linus');
  const look = '$ curl -sS https://git.acme.test/api/v1/user; ls shop';
  await slack.post('linus', 'secops', `@bellhop\n${look}`, { threadTs: adas.ts });
  await whispered('linus', /In this thread I act as ada/i);
  expect((await database.query('select 1 from turn where session = $1', [sessionOf(adas)])).rowCount).toBe(1);
  expect(
    (await database.query('select actor, kind from held_back where session = $1', [sessionOf(adas)])).rows,
  ).toEqual([{ actor: 'U00000LINUS', kind: 'message' }]);

  const his = await slack.post('linus', 'secops', `@bellhop\n${look}`);
  expect(await waitForTurn(bellhop, his, 1, 90_000)).toMatchObject({ state: 'answered' });
  const [step] = await toolSteps(bellhop, his);
  // Nothing of the other thread's files is there.
  expect(step?.output).toMatch(/"login": ?"linus"[\s\S]*cannot access 'shop'/);
  await slack.waitForAnswer(his, /in the name of linus/);
}, 150_000);

test('in a channel of the agent it asks its requester alone, and uses what they allow in this turn, as them', async () => {
  const { slack, database } = bellhop;
  const who = '$ curl -sS https://git.acme.test/api/v1/user | grep login';
  const script = `call use_own_connection {"connection": "gitea", "what_for": "Look who I am there."}\n${who}`;
  const message = await slack.post('ada', 'platform-eng', `@bellhop\n${who}\n${script}`);
  const id = slack.simulator.world.person('ada')?.id;
  const cardNow = async () =>
    (
      (await slack.state()) as unknown as {
        ephemerals: { visibleTo: string; text: string; channel: string; ts: string }[];
      }
    ).ephemerals.find((one) => one.visibleTo === id && /May I use your own Gitea.*Look who I am there/s.test(one.text));
  await until(async () => (await cardNow()) !== undefined, 'the card', 90_000);
  const card = await cardNow();
  await slack.click('ada', card as never, 'bellhop_answer/once');
  expect(await waitForTurn(bellhop, message, 1, 60_000)).toMatchObject({ state: 'answered' });
  const [before, , after] = (await toolSteps(bellhop, message)).map(({ output }) => output ?? '');
  expect(before).toContain('"login": "bellhop"');
  expect(after).toContain('"login": "ada"');
  await slack.waitForAnswer(message, /as the agent of this channel, with ada's own Gitea or Forgejo/);
  const { rows } = await database.query(
    `select principal, connection, requester from egress_event where session = $1 and outcome = 'injected' order by at`,
    [sessionOf(message)],
  );
  expect(rows.map(({ principal, connection }) => [String(principal).split(':')[0], connection])).toEqual([
    ['agent@channel', expect.any(String)],
    ['person', 'personal/gitea'],
  ]);
  await slack.post('linus', 'platform-eng', '@bellhop what is in there?', { threadTs: message.ts });
  await whispered('linus', /allowed to use a connection that is ada/i);

  // The next turn is without it until Ada allows it again.
  await slack.post('ada', 'platform-eng', `@bellhop\n${who}`, { threadTs: message.ts });
  await waitForTurn(bellhop, message, 2, 60_000);
  expect((await toolSteps(bellhop, message, 2))[0]?.output).toContain('"login": "bellhop"');
}, 200_000);
