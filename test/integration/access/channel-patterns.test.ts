import { randomBytes } from 'node:crypto';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { applyFile } from '../../../cli/apply/apply-file.ts';
import { judgeChannel, matchingChannels } from '../../../cli/channels/judge-channel.ts';
import { planFile } from '../../../cli/plan/plan-file.ts';
import { forgetChannel, saveChannel } from '../../../store/channels.ts';
import { openDatabase } from '../../../store/database.ts';
import { appliedEnvironments } from '../../../store/environments.ts';
import { currentPolicy, policyRevision } from '../../../store/policy.ts';
import { createPolicyReader } from '../../../store/policy-reader.ts';
import { DATABASE_ROLES, type DatabaseRole, dropRoles, ensureRoles, urlForRole } from '../../../store/roles.ts';
import { NOW } from '../../support/access-yaml.ts';
import { countCpuTime } from '../../support/cpu-time.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { registerTestKey } from './support/apply-stage.ts';

const FILE = `channels:
  "#incident-*": { bundles: [pager], environment: tools }
bundles:
  pager: { domains: [pager.a.test] }
environments:
  tools: { packages: [tree] }
tests:
  - { from: "#incident-*", request: GET https://pager.a.test/, expect: forwarded }
`;

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
  await registerTestKey(db.database);
  await save('incident-7');
  await apply(FILE);
});
afterEach(() => db[Symbol.asyncDispose]());

const save = (name: string, id = 'C7', database = db.database) =>
  saveChannel(database, { team: 'T1', id, name, kind: 'public', external: false });
const apply = (text: string) =>
  applyFile({
    database: db.database,
    file: 'bellhop.yaml',
    text,
    environment: {},
    appliedBy: 'me',
    now: NOW,
    dryRun: false,
  });
const judge = (confirmed: boolean, text = '#incident-7') =>
  judgeChannel(db.database, { text, confirmed, decidedBy: 'me' });
const hosts = async (id = 'C7') =>
  effectiveAccess(await currentPolicy(db.database), `channel:T1:${id}`).rules.map(({ match }) => match.host);
const states = async () => (await matchingChannels(db.database)).map(({ name, state }) => `${name} ${state}`);

test('a channel that matches waits, and has what the pattern attaches once it is confirmed', async () => {
  expect(await states()).toEqual(['incident-7 waiting']);
  expect(await hosts()).toEqual([]);
  const before = await policyRevision(db.database);
  const reader = createPolicyReader(db.database);
  await reader();
  expect(await judge(true)).toMatchObject({ channel: 'C7', state: 'confirmed', pattern: '#incident-*' });
  expect(await hosts()).toEqual(['pager.a.test']);
  expect((await reader()).effective('channel:T1:C7').rules).toHaveLength(1);
  expect(await policyRevision(db.database)).not.toBe(before);
  expect(await states()).toEqual(['incident-7 confirmed']);
});

test("its environment is the pattern's, and an environment that was read before is read anew", async () => {
  const before = await appliedEnvironments(db.database);
  expect(before.attached).toEqual([]);
  await judge(true);
  const { attached } = await appliedEnvironments(db.database, before);
  expect(attached).toEqual([{ scope: 'channel:T1:C7', environment: 'tools' }]);
});

test('a rename takes it away at once and for good, also when the old name comes back', async () => {
  await judge(true);
  await save('chat');
  expect(await hosts()).toEqual([]);
  await save('incident-7');
  expect(await hosts()).toEqual([]);
  expect(await states()).toEqual(['incident-7 waiting']);
});

test('a channel that is renamed into the pattern waits, whatever another channel of that name had', async () => {
  await judge(true);
  await save('archived-7');
  await save('incident-7', 'C8');
  expect(await states()).toEqual(['incident-7 waiting']);
  expect([await hosts('C7'), await hosts('C8')]).toEqual([[], []]);
});

test('while Slack has announced a change that nobody has read, nothing counts and nothing can be confirmed', async () => {
  await judge(true);
  await forgetChannel(db.database, 'T1', 'C7');
  expect(await hosts()).toEqual([]);
  await expect(judge(true)).rejects.toThrow('Slack has announced a change of #incident-7');
  await save('incident-7');
  expect(await hosts()).toEqual(['pager.a.test']);
});

test('a rejected channel does not wait, and can be confirmed later', async () => {
  await judge(false);
  expect([await states(), await hosts()]).toEqual([['incident-7 rejected'], []]);
  await judge(true);
  expect(await hosts()).toEqual(['pager.a.test']);
});

test('a channel without a pattern, or that the file names itself, cannot be confirmed', async () => {
  await save('general', 'C1');
  await expect(judge(true, '#general')).rejects.toThrow('#general matches no pattern');
  await judge(true);
  await apply(FILE.replace('channels:', 'channels:\n  "#incident-7": {}'));
  expect(await hosts()).toEqual([]);
  await expect(judge(true)).rejects.toThrow('matches no pattern');
});

test('a pattern that leaves the file takes its confirmations along', async () => {
  await judge(true);
  await apply('bundles:\n  pager: { domains: [pager.a.test] }');
  await apply(FILE);
  expect([await states(), await hosts()]).toEqual([['incident-7 waiting'], []]);
});

test('a plan shows what a pattern and its confirmed channels gain; two confirmations at once are one', async () => {
  await Promise.all([judge(true), judge(true)]);
  const text = FILE.replace('[pager.a.test]', '[pager.a.test, more.a.test]');
  const { reach } = await planFile({ database: db.database, file: 'bellhop.yaml', text, now: NOW, replaySince: null });
  expect(reach.map(({ label, gained }) => [label, gained.map(({ what }) => what)])).toEqual([
    ['#incident-7', ['every method https://more.a.test']],
    ['#incident-*', ['every method https://more.a.test']],
  ]);
  await apply(text);
  expect(await hosts()).toEqual(['more.a.test', 'pager.a.test']);
});

test('the gateway, which may not confirm, takes a confirmation away by a rename', async () => {
  await judge(true);
  const installation = randomBytes(4).toString('hex');
  const passwords = Object.fromEntries(DATABASE_ROLES.map((role) => [role, 'test'])) as Record<DatabaseRole, string>;
  await ensureRoles(db.url, installation, passwords);
  const gateway = openDatabase({
    url: urlForRole(db.url, installation, 'gateway', 'test'),
    name: 'test',
    connections: 1,
  });
  try {
    await save('chat', 'C7', gateway);
    expect((await createPolicyReader(gateway)()).effective('channel:T1:C7').rules).toEqual([]);
    await expect(gateway.query("update channel_verdict set name = 'chat'")).rejects.toThrow('permission denied');
  } finally {
    await gateway.end();
    await dropRoles(db.url, installation);
  }
});

test('the tests of a file ask confirmed channels alike in a plan and in an apply', async () => {
  await judge(true);
  const tested = `${FILE}  - { from: "#incident-7", request: GET https://pager.a.test/, expect: forwarded }\n`;
  const plan = () =>
    planFile({ database: db.database, file: 'bellhop.yaml', text: tested, now: NOW, replaySince: null });
  expect((await plan()).tests.map(({ passed }) => passed)).toEqual([true, true]);
  await apply(tested.replace('packages: [tree]', 'packages: [tree, jq]'));
  // While the name is in doubt the channel has nothing of its pattern, and both say so.
  await forgetChannel(db.database, 'T1', 'C7');
  expect((await plan()).tests.map(({ passed }) => passed)).toEqual([true, false]);
  await expect(apply(tested)).rejects.toMatchObject({
    problems: [{ message: expect.stringContaining('#incident-7') }],
  });
});

test('ten thousand channels are matched with ten thousand that the file names within a moment', async () => {
  await db.database.query(
    `insert into channel (team, id, name, kind) select 'T1', 'C1' || n, 'incident-' || n, 'public' from generate_series(1000, 10999) n`,
  );
  const named = Array.from({ length: 9_000 }, (_, n) => `  "#incident-${n + 1_000}": {}`).join('\n');
  await apply(FILE.replace('channels:', `channels:\n${named}`));
  const spentMs = countCpuTime();
  expect(await matchingChannels(db.database)).toHaveLength(1_001);
  expect(spentMs()).toBeLessThan(300);
}, 60_000);
