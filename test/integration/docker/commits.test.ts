import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

const COMMITS = {
  author: 'Acme "Agent"[bot] <7+acme-agent[bot]@users.noreply.hub.test>',
  trailers: [
    'Bellhop-Thread: https://acme.slack.test/archives/C1/p1712345678000100',
    'Requested-by: Ada\nEvil: x (U1)',
  ],
};

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
  await fixture.runtime.provision({ ...sandbox.spec, commits: COMMITS });
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

const run = async (command: string) => {
  const { output, exitCode } = await sandbox.run(`set -e; ${command}`);
  return { output, exitCode };
};

test('a commit has the author of the installation, and says which thread it comes from', async () => {
  const made = await run(
    'git init -q r && cd r && echo 1 > a && git add a && git commit -qm "Fix the test" && git log -1 --format="%an <%ae>%n%cn%n%B"',
  );
  expect(made).toEqual({
    exitCode: 0,
    output: [
      'Acme "Agent"[bot] <7+acme-agent[bot]@users.noreply.hub.test>',
      'Acme "Agent"[bot]',
      'Fix the test',
      '',
      'Bellhop-Thread: https://acme.slack.test/archives/C1/p1712345678000100',
      'Requested-by: Ada Evil: x (U1)',
      '',
      '',
    ].join('\n'),
  });
});

test('a commit that is amended or merged has each trailer once', async () => {
  const amended = await run(
    'cd r && git commit -q --amend --no-edit && git switch -qc side && git commit -q --allow-empty -m side && git switch -q - && git merge -q --no-ff -m merged side && git log -1 --skip=1 --format=%B && git log -1 --format=%B',
  );
  expect(amended.exitCode).toBe(0);
  expect(amended.output.match(/Bellhop-Thread/g)).toHaveLength(2);
});

test("a repository's own hooks run as always", async () => {
  const hooked = await run(
    'cd r && printf "#!/bin/sh\\necho own \\$0 >> /tmp/hooks\\n" > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit && cp .git/hooks/pre-commit .git/hooks/prepare-commit-msg && git commit -q --allow-empty -m own && cat /tmp/hooks && git log -1 --format=%B',
  );
  expect(hooked.output).toMatch(/own .*pre-commit\nown .*prepare-commit-msg\n/);
  expect(hooked.output).toContain('Bellhop-Thread');
});

test('addresses for ssh become https, and no other way out is tried', async () => {
  const { output } = await run(
    'cd r && for url in git@github.com:a/b.git ssh://git@github.com/a/b ssh://git@git.corp.test/a/b git@gitlab.com:a/b.git; do git remote add x $url; git remote get-url x; git remote remove x; done; git ls-remote git://other.test/a 2>&1 || true; git clone -q file:///workspace/r /tmp/copy && echo cloned',
  );
  expect(output).toContain(
    'https://github.com/a/b.git\nhttps://github.com/a/b\nhttps://git.corp.test/a/b\nhttps://gitlab.com/a/b.git\n',
  );
  expect(output).toContain("transport 'git' not allowed");
  expect(output).toContain('cloned');
});

test('the token that gh insists on says that it is none', async () => {
  const { output } = await run('echo $GH_TOKEN');
  expect(output).toBe('placeholder-the-agent-proxy-attaches-the-real-token\n');
});
