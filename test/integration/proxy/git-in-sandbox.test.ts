import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { relayUidOf } from '../../../docker/sandbox-names.ts';
import { createFixture, type Fixture, type TestSandbox } from '../docker/fixture.ts';
import { type GitWorld, startGitWorld } from './support/git-world.ts';
import { leaseOf, SCOPE_1, SECRET } from './support/world.ts';

/** git in a real sandbox, through its relay and the real proxy, to git's own server. */
let fixture: Fixture;
let git: GitWorld;
let sandbox: TestSandbox;
let beat: NodeJS.Timeout;

beforeAll(async () => {
  fixture = await createFixture();
  git = await startGitWorld(undefined, { runDir: fixture.runDir });
  await git.grant([{}]);
  sandbox = await fixture.sandbox();
  const { control } = git.world;
  await control.ensureListener(sandbox.id, relayUidOf(sandbox.uid));
  const lease = leaseOf(sandbox.id, SCOPE_1);
  await control.openLease(lease);
  beat = setInterval(() => void control.renewLease(lease).catch(() => {}), 2_000);
  await fixture.runtime.provision({
    ...sandbox.spec,
    caBundle: await readFile(path.join(git.world.folder, 'ca.pem'), 'utf8'),
    commits: { author: 'Acme Agent <agent@acme.test>', trailers: ['Bellhop-Thread: https://acme.slack.test/p1'] },
  });
}, 900_000);
afterAll(async () => {
  clearInterval(beat);
  await git[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
}, 60_000);

test('the agent clones by an ssh address, commits, and pushes a branch of its own', async () => {
  const { output, exitCode } = await sandbox.run(
    'set -e; git clone -q ssh://git@git.test/acme/shop.git && cd shop && git switch -qc bellhop/fix && echo 1 > a && git add a && git commit -qm "Fix the test" && git push origin HEAD 2>&1 && git log -1 --format="%an%n%B"',
  );
  expect({ output, exitCode }).toMatchObject({ exitCode: 0 });
  expect(output).toContain('Acme Agent\nFix the test\n\nBellhop-Thread: https://acme.slack.test/p1');
  expect(await git.server.revision('acme/shop', 'refs/heads/bellhop/fix')).toMatch(/^[0-9a-f]{40}$/);
});

test.each([
  ['main', 'git push origin HEAD:main', 'main may not be changed'],
  ['force', 'git commit -q --amend -m x && git push -f origin HEAD', 'could not be shown to only gain commits'],
  ['a tag', 'git tag v1 && git push origin v1', 'the tag v1 may not be pushed'],
  ['two refs', 'git push origin HEAD:bellhop/b HEAD:other', 'other may not be changed'],
  ['a deletion', 'git push origin :bellhop/fix', 'bellhop/fix may not be deleted'],
])('a push of %s is refused, and the agent reads why', async (_what, command, words) => {
  const { output, exitCode } = await sandbox.run(`cd shop && ${command} 2>&1`);
  expect(exitCode).not.toBe(0);
  expect(output).toContain(`remote: bellhop: Push to acme/shop is refused: `);
  expect(output).toContain(words);
});

test('no credential is found in the sandbox', async () => {
  const { output } = await sandbox.run(
    `env; cat shop/.git/config; git config --list; grep -rs "${SECRET}" /workspace /tmp /run | head -3`,
  );
  expect(output).not.toContain(SECRET);
});
