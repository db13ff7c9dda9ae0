import { bellhopCommand } from '../support/installation/command-line.ts';
import { type SeenToolStep, toolSteps, waitForTurn } from '../support/installation/turns.ts';
import type { SimMessage } from '../support/slack-simulator.ts';
import { ADMIN, AGENT, expectCreated, FORGE_URL, type ForgeStage, startForgeStage } from './support/forge-stage.ts';

const API = `${FORGE_URL}/api/v1/repos/acme/shop`;

const FILES = {
  'total.py': 'def total(prices, discount=0.0):\n    return round(sum(prices) * (1 - discount / 100))\n',
  'deploy_test.py':
    'from total import total\nassert total([100, 300], 0.25) == 300, "a quarter off"\nprint("all is well")\n',
};

let stage: ForgeStage;
let mention: SimMessage;
let steps: readonly SeenToolStep[];

beforeAll(async () => {
  stage = await startForgeStage({ repositories: ['shop', 'secret'] });
  for (const [path, text] of Object.entries(FILES)) {
    const content = Buffer.from(text).toString('base64');
    await expectCreated(
      stage.gitea.api(ADMIN, 'POST', `/repos/acme/shop/contents/${path}`, { content, message: `Add ${path}` }),
    );
  }
  mention = await stage.bellhop.slack.post('ada', 'platform-eng', `@bellhop\n${SCRIPT}`);
  await waitForTurn(stage.bellhop, mention, 1, 180_000);
  steps = await toolSteps(stage.bellhop, mention);
}, 360_000);

afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);

const json = `-H 'content-type: application/json'`;
/** Each line is one command of the agent. Those after the pull request are what `propose` does not cover. */
const SCRIPT = [
  `git clone -q ${FORGE_URL}/acme/shop.git && cd shop && python3 deploy_test.py`,
  `cd shop && sed -i 's| / 100||' total.py && python3 deploy_test.py`,
  `cd shop && git checkout -q -b bellhop/discount && git commit -qam 'Take the discount as a fraction' && git push -q origin HEAD`,
  `cd shop && python3 -c 'import json,subprocess; print(json.dumps({"title": "WIP: Take the discount as a fraction", "head": "bellhop/discount", "base": "main", "body": subprocess.check_output(["git", "log", "-1", "--format=%b"], text=True)}))' | curl -sS --fail-with-body ${json} -d @- ${API}/pulls`,
  `cd shop && echo more >> README.md && git commit -qam 'Say more' && git push -q origin HEAD`,
  `cd shop && git push origin HEAD:main`,
  `cd shop && git commit -q --amend -m 'Say more, again' && git push --force origin HEAD:bellhop/discount`,
  `cd shop && git tag v1 && git push origin v1`,
  `cd shop && git push origin HEAD:bellhop/second HEAD:main`,
  `cd shop && git push origin --delete bellhop/discount`,
  `curl -sS -w '%{http_code}' ${json} -d '{"Do":"merge"}' ${API}/pulls/1/merge`,
  `curl -sS -w '%{http_code}' ${json} -d '{"new_branch_name":"other","old_branch_name":"main"}' ${API}/branches`,
  `curl -sS -w '%{http_code}' -X PUT ${json} -d '{"content":"eA==","message":"x","branch":"main"}' ${API}/contents/x.txt`,
  `curl -sS -w '%{http_code}' ${json} -d '{"tag_name":"v1"}' ${API}/releases`,
  `git clone ${FORGE_URL}/acme/secret.git`,
  `curl -sS -w '%{http_code}' ${FORGE_URL}/api/v1/repos/acme/secret`,
]
  .map((command) => `$ ${command}`)
  .join('\n');

async function branch(name: string): Promise<string | null> {
  const { status, body } = await stage.gitea.api(ADMIN, 'GET', `/repos/acme/shop/branches/${encodeURIComponent(name)}`);
  return status === 200 ? (body as { commit: { id: string } }).commit.id : null;
}

test('the failing test is found, mended, pushed and proposed as a draft', async () => {
  expect(steps[0]?.output).toContain('a quarter off');
  expect(steps.slice(0, 5).map(({ exitCode }) => exitCode)).toEqual([1, 0, 0, 0, 0]);
  const { body } = await stage.gitea.api(ADMIN, 'GET', '/repos/acme/shop/pulls');
  expect(body).toMatchObject([
    { number: 1, draft: true, user: { login: 'bellhop' }, head: { ref: 'bellhop/discount' }, base: { ref: 'main' } },
  ]);
});

test('the commit is by the agent, and leads to the thread and to who asked', async () => {
  const { body } = await stage.gitea.api(ADMIN, 'GET', '/repos/acme/shop/commits?sha=bellhop/discount&limit=2');
  const [, first] = body as { commit: { author: { name: string }; message: string } }[];
  expect(first?.commit.author.name).toBe('Bellhop');
  expect(first?.commit.message).toMatch(
    /^Take the discount as a fraction\n\nBellhop-Thread: https?:\/\/\S+\/archives\/C00PLATFORM\/p\d+\nRequested-by: \S/,
  );
  const pulls = await stage.gitea.api(ADMIN, 'GET', '/repos/acme/shop/pulls/1');
  expect((pulls.body as { body: string }).body).toContain('Bellhop-Thread: ');
});

test('a push to main, by force, of a tag, of two refs, and a deletion are refused in words, and change nothing', async () => {
  const refused = steps.slice(5, 10);
  expect(refused.every(({ exitCode }) => exitCode === 1)).toBe(true);
  expect(refused.map(({ output }) => output)).toEqual([
    expect.stringContaining('main may not be changed, only bellhop/**'),
    expect.stringContaining('counts as a force push'),
    expect.stringContaining('the tag v1 may not be pushed'),
    expect.stringContaining('main may not be changed'),
    expect.stringContaining('may not be deleted'),
  ]);
  expect(await branch('bellhop/second')).toBeNull();
  expect(await branch('bellhop/discount')).not.toBeNull();
  const { body } = await stage.gitea.api(ADMIN, 'GET', '/repos/acme/shop/tags');
  expect(body).toEqual([]);
  const commits = await stage.gitea.api(ADMIN, 'GET', '/repos/acme/shop/commits?sha=main');
  expect(commits.body).toHaveLength(3);
});

test('the API is no way around: merge, branch, contents of main and releases are refused', async () => {
  for (const { output } of steps.slice(10, 14)) expect(output).toMatch(/"error":[\s\S]*403\s*$/);
  const { body } = await stage.gitea.api(ADMIN, 'GET', '/repos/acme/shop/pulls/1');
  expect(body).toMatchObject({ merged: false, state: 'open' });
});

test('a repository that is not granted is refused by git and by the API, though the login could open it', () => {
  expect(steps[14]?.exitCode).toBe(128);
  expect(steps[15]?.output).toMatch(/acme\/secret is not granted here[\s\S]*403\s*$/);
});

test('the record names repository, ref and operation, and one query leads from the pull request to the message', async () => {
  const { out } = await bellhopCommand(stage.bellhop, ['egress', mention.channel, mention.ts]);
  expect(out).toMatch(/push acme\/shop[\s\S]*bellhop\/discount/);
  expect(out).not.toContain(AGENT.password);
  const found = await bellhopCommand(stage.bellhop, ['find', 'acme/shop#1']);
  expect(found.out).toContain(mention.ts);
});
