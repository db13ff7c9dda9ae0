import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Pull } from '../../../simulators/acme/forge/pulls.ts';
import { bellhopCommand } from '../../support/installation/command-line.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { TEAM, toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { isInMemory } from '../security/support/memory.ts';
import { type Place, placesWith } from '../security/support/renderings.ts';
import {
  databaseRows,
  homeFiles,
  inspectedContainers,
  machineProcesses,
  modelCalls,
  processOutputs,
  sandboxFiles,
  slackState,
  workflowHistories,
} from '../security/support/stores.ts';

const run = promisify(execFile);
const OFFER = `
people:
  offer: [{ preset: gitea, host: git.acme.test, addresses: ["127.0.0.1/32:7443"] }]
`;
const PEOPLE = ['ada', 'linus'] as const;
type Who = (typeof PEOPLE)[number];

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
  await bellhop.apply(`${await bellhop.demoFile()}${OFFER}`);
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

/** A script that makes a branch and a draft pull request, and looks for what must not be there. */
function pullRequest(branch: string): string {
  return [
    `$ git clone -q https://git.acme.test/acme/shop.git && cd shop && git switch -qc bellhop/${branch} && echo ${branch} > note && git add note && git commit -qm "${branch}" && git push -q origin HEAD && git --no-pager log -1 --format='%an <%ae>'`,
    `$ printf '{"title":"WIP: ${branch}","head":"bellhop/${branch}","base":"main"}' | curl -sS --fail-with-body -H 'content-type: application/json' -d @- https://git.acme.test/api/v1/repos/acme/shop/pulls | grep login`,
    '$ curl -sS -i https://api.acme.test/v1/signups; env; cat /proc/*/environ 2>/dev/null | tr "\\0" "\\n"; cat shop/.git/config ~/.git-credentials 2>&1',
  ].join('\n');
}

async function atTheHost(...args: readonly string[]): Promise<string> {
  const folder = path.join(bellhop.home, 'acme', 'forge', 'repositories', 'acme', 'shop.git');
  const { stdout } = await run('git', ['-C', folder, '-c', 'safe.directory=*', ...args]);
  return stdout.trim();
}

async function connect(who: Who): Promise<SimMessage> {
  const { slack, ownTokens } = bellhop;
  const asked = await slack.post(who, await slack.openDm(who), 'connect gitea');
  const answer = await slack.waitForAnswer(asked, /Press the button/);
  await slack.click(who, answer, 'bellhop_connect');
  await slack.waitForModal(who);
  const { errors } = await slack.submit(who, { token: 'a-token-alone' });
  expect(errors.token).toMatch(/your user name and an access token of yours, as user:token, with the colon/);
  expect(await slack.submit(who, { token: `${who}:${ownTokens[who]}` })).toMatchObject({ closed: true });
  return await slack.waitForAnswer(asked, /is connected/);
}

async function outputs(message: SimMessage, turn = 1): Promise<string[]> {
  expect(await waitForTurn(bellhop, message, turn, 120_000)).toMatchObject({ state: 'answered' });
  return (await toolSteps(bellhop, message, turn)).map(({ output }) => output ?? '');
}

let direct: Record<Who, SimMessage>;

test('before anything is connected a direct message reaches nothing, and the answer to `connections` says what to do', async () => {
  const { slack } = bellhop;
  const dm = await slack.openDm('ada');
  const asked = await slack.post('ada', dm, 'connections');
  await slack.waitForAnswer(asked, /Gitea or Forgejo \(gitea\): not connected/);
  const script = [
    '$ curl -sS -i https://git.acme.test/api/v1/repos/acme/shop',
    "$ git init -q own && cd own && git commit -q --allow-empty -m none && git --no-pager log --format='%an <%ae>'",
  ];
  const [blocked, author] = await outputs(await slack.post('ada', dm, script.join('\n')));
  expect(blocked).toContain('not_allowed');
  // No forge says who it is, so it is who Slack says.
  expect(author?.trim()).toBe('ada <U0000000ADA@slack.invalid>');
}, 90_000);

test('two people work at the same moment, each in their own name; the channel works in the agent’s', async () => {
  const { slack } = bellhop;
  for (const who of PEOPLE) await connect(who);
  const tested = await slack.post('linus', await slack.openDm('linus'), 'test gitea');
  await slack.waitForAnswer(tested, /accepts your token \(200\)/);
  const ask = async (who: Who) => slack.post(who, await slack.openDm(who), pullRequest(`of-${who}`));
  const [ada, linus, channel] = await Promise.all([
    ask('ada'),
    ask('linus'),
    slack.post('ada', 'platform-eng', `@bellhop\n${pullRequest('of-the-channel')}`),
  ]);
  direct = { ada, linus };
  for (const [who, message] of [
    ['ada', ada],
    ['linus', linus],
  ] as const) {
    const [log, pull, hunt] = await outputs(message);
    expect(log).toContain(`${who} <${who}@noreply.git.acme.test>`);
    expect(pull).toContain(`"login": "${who}"`);
    // The channel's credential does not follow them here, and their own is nowhere in the sandbox.
    expect(hunt).toContain('not_allowed');
    expect(hunt).not.toContain('svc-bellhop');
    expect(await atTheHost('log', '-1', '--format=%an <%ae>', `bellhop/of-${who}`)).toBe(
      `${who} <${who}@noreply.git.acme.test>`,
    );
    const { rows } = await bellhop.database.query(
      `select distinct principal, scope, rule_scope, connection from egress_event
       where session = $1 and outcome = 'injected'`,
      [`slack:${TEAM}:${message.channel}:${message.ts}`],
    );
    const person = `person:${TEAM}:${message.user}`;
    expect(rows).toEqual([{ principal: person, scope: person, rule_scope: person, connection: 'personal/gitea' }]);
  }
  const [log, pull, hunt] = await outputs(channel);
  expect(log).toContain('Bellhop <bellhop@localhost>');
  expect(pull).toContain('"login": "bellhop"');
  expect(hunt).toContain('svc-bellhop');
  const pulls = JSON.parse(await readFile(path.join(bellhop.home, 'acme', 'forge', 'pulls.json'), 'utf8')) as Pull[];
  expect(Object.fromEntries(pulls.map(({ head, user }) => [head.ref, user.login]))).toEqual({
    'bellhop/of-ada': 'ada',
    'bellhop/of-linus': 'linus',
    'bellhop/of-the-channel': 'bellhop',
  });
}, 180_000);

test('the model is told whose accounts they are, and of no channel', () => {
  const prompts = bellhop.model.calls.map((call) => JSON.stringify(call));
  const own = prompts.filter((each) => each.includes('personal/gitea'));
  expect(own.length).toBeGreaterThan(0);
  for (const each of own) {
    expect(each).toContain('You act for the one person who writes to you here');
    expect(each).not.toContain('acme-readonly');
  }
});

test('instructions of a person reach the model in their own direct message only; the operator sees that there are some', async () => {
  const { slack, model } = bellhop;
  await slack.openHome('ada');
  await slack.waitForHome('ada', /Instructions\*: none/);
  await slack.pressAtHome('ada', 'bellhop_instructions', 'instructions');
  await slack.waitForModal('ada');
  expect(await slack.submit('ada', { instructions: 'Say moin first.' })).toMatchObject({ closed: true });
  const dm = await slack.openDm('ada');
  await slack.waitForAnswer(await slack.post('ada', dm, 'limits 20 steps'), /20 steps/);

  const askedIn = async (who: Who, place: string) => {
    const before = model.calls.length;
    await outputs(await slack.post(who, place, '@bellhop\n$ true'));
    return JSON.stringify(model.calls.slice(before));
  };
  expect(await askedIn('ada', dm)).toContain('Say moin first.');
  expect(await askedIn('linus', await slack.openDm('linus'))).not.toContain('moin');
  expect(await askedIn('ada', 'platform-eng')).not.toContain('moin');

  const { out } = await bellhopCommand(bellhop, ['people', 'list']);
  expect(out).toMatch(/ada\s+U\w+\s+settings\s+since 2[\d-]+\s+instructions; 20 steps/);
  expect(out).not.toContain('moin');
  expect(await bellhopCommand(bellhop, ['people', 'revoke', 'ada', 'settings'])).toMatchObject({ code: 0 });
  expect(await askedIn('ada', dm)).not.toContain('moin');
}, 180_000);

test('the operator sees who has connected what, without a secret, and takes it away for the next request', async () => {
  const list = await bellhopCommand(bellhop, ['people', 'list', '--json']);
  expect(JSON.parse(list.out)).toMatchObject([
    { name: 'ada', connection: 'gitea', offered: true },
    { name: 'linus', connection: 'gitea', offered: true },
  ]);
  expect((await bellhopCommand(bellhop, ['people', 'list'])).out).toMatch(/ada\s+U\w+\s+gitea\s+since 2/);
  const { out } = await bellhopCommand(bellhop, ['effective', `person:${TEAM}:${direct.ada.user}`]);
  expect(out).toMatch(/personal\/gitea/);

  expect(await bellhopCommand(bellhop, ['people', 'revoke', 'ada', 'github'])).toMatchObject({ code: 1 });
  const revoked = await bellhopCommand(bellhop, ['people', 'revoke', 'ada', '--json']);
  expect(JSON.parse(revoked.out)).toMatchObject([{ name: 'ada', connection: 'gitea' }]);
  const { slack } = bellhop;
  const look = '$ curl -sS https://git.acme.test/api/v1/repos/acme/shop';
  await slack.post('ada', direct.ada.channel, look, { threadTs: direct.ada.ts });
  await slack.post('linus', direct.linus.channel, look, { threadTs: direct.linus.ts });
  expect((await outputs(direct.ada, 2))[0]).toMatch(/CONNECT tunnel failed, response 403/);
  expect((await outputs(direct.linus, 2))[0]).toContain('"full_name": "acme/shop"');
}, 120_000);

const STORES: Readonly<Record<string, () => Place[] | Promise<Place[]>>> = {
  'the database': () => databaseRows(bellhop),
  'histories of workflows': () => workflowHistories(bellhop),
  "the engine's data on containers": () => inspectedContainers(bellhop),
  'files of sandboxes': () => sandboxFiles(bellhop),
  'environment and arguments of every process': machineProcesses,
  "files of the installation's home": () => homeFiles(bellhop),
  'logs of every process': () => processOutputs(bellhop),
  Slack: () => slackState(bellhop),
  'calls to the model': () => modelCalls(bellhop),
};

test.each(Object.entries(STORES))(
  'no token of a person is in any form in %s',
  async (_name, look) => {
    const places = await look();
    expect(places.length).toBeGreaterThan(0);
    for (const who of PEOPLE) expect(placesWith(bellhop.ownTokens[who], places)).toEqual([]);
  },
  60_000,
);

test('the memory of the runner does not hold one', async () => {
  expect(await isInMemory(bellhop.processes.runner.pid, bellhop.ownTokens.ada)).toBe(false);
}, 60_000);
