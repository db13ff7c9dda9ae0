import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FLUSH, packet } from '../../../proxy/git/pkt-line.ts';
import { type GitWorld, startGitWorld } from './support/git-world.ts';
import { domain, S1, SCOPE_1, SECRET } from './support/world.ts';

let git: GitWorld;
let clone: string;

beforeAll(async () => {
  git = await startGitWorld();
  await git.grant([{}, { repository: 'acme/docs', access: 'read' }]);
  clone = path.join(git.folder, 'shop');
});
afterAll(() => git[Symbol.asyncDispose]());

test('clone works with every version of the protocol', async () => {
  for (const version of [0, 1, 2]) {
    const into = path.join(git.folder, `v${version}`);
    const done = await git.shell(`git -c protocol.version=${version} clone https://git.test/acme/shop.git ${into}`);
    expect(done).toMatchObject({ failed: false });
  }
  expect(await git.shell(`git clone https://git.test/acme/shop.git ${clone}`)).toMatchObject({ failed: false });
  expect(await git.shell(`git clone https://git.test/acme/docs ${clone}-docs`)).toMatchObject({ failed: false });
});

test('a new branch bellhop/... is pushed, and then grows', async () => {
  const first = await git.shell(
    'git switch -qc bellhop/fix && echo 1 > a && git add a && git commit -qm one && git push origin HEAD',
    clone,
  );
  expect(first).toMatchObject({ failed: false });
  for (let count = 2; count < 6; count += 1) {
    const grown = await git.shell(
      `for i in 1 2 3; do echo $i > a${count}$i; git add .; git commit -qm "change $i of ${count}"; done; git push origin HEAD`,
      clone,
    );
    expect(grown).toMatchObject({ failed: false });
  }
  const { text } = await git.shell('git rev-parse HEAD', clone);
  expect(await git.server.revision('acme/shop', 'refs/heads/bellhop/fix')).toBe(text.trim());
});

test('a merge of main grows a branch too', async () => {
  const merged = await git.shell(
    'git switch -qc side origin/main && echo s > s && git add s && git commit -qm side && git switch -q bellhop/fix && git merge -qm merged side && git push origin HEAD',
    clone,
  );
  expect(merged).toMatchObject({ failed: false });
});

describe('a refused push prints why, and changes nothing', () => {
  const refused: readonly (readonly [what: string, command: string, words: RegExp])[] = [
    ['main', 'git push origin HEAD:main', /main may not be changed, only bellhop\/\*\*/],
    [
      'a forced branch',
      'git commit -q --amend -m other && git push --force origin HEAD:bellhop/fix',
      /bellhop\/fix could not be shown to only gain commits/,
    ],
    ['a tag', 'git tag v1 && git push origin v1', /the tag v1 may not be pushed/],
    [
      'two refs of which one is allowed',
      'git push origin HEAD:refs/heads/bellhop/two HEAD:refs/heads/other',
      /other may not be changed/,
    ],
    ['two refs at once, atomic', 'git push --atomic origin HEAD:bellhop/two HEAD:other', /other may not be changed/],
    ['a deletion', 'git push origin :bellhop/fix', /bellhop\/fix may not be deleted/],
    ['a deletion of main', 'git push origin --delete main', /main may not be changed/],
    ['a mirror', 'git push --mirror origin', /may not be changed/],
    ['push options', 'git push -o x=y origin HEAD:bellhop/options', /HTTP 403/],
    ['a branch that only looks alike', 'git push origin HEAD:Bellhop/x', /Bellhop\/x may not be changed/],
  ];

  test.each(refused)('%s', async (_what, command, words) => {
    const before = await git.server.revision('acme/shop', 'refs');
    const known = git.server.received.bytes;
    const { text, failed } = await git.shell(command, clone);
    expect({ text, failed }).toEqual({ text: expect.stringMatching(words), failed: true });
    if (!text.includes('HTTP 403')) expect(text).toMatch(/remote: bellhop: Push to acme\/shop is refused: /);
    expect(text).not.toContain(SECRET);
    expect(await git.server.revision('acme/shop', 'refs')).toBe(before);
    expect(git.server.received.bytes).toBe(known);
  });

  test('the refs that were allowed are named as refused together with the other', async () => {
    const { text } = await git.shell('git push origin HEAD:refs/heads/bellhop/two HEAD:refs/heads/other', clone);
    expect(text).toMatch(/! \[remote rejected\].*bellhop\/two \(refused together with refs\/heads\/other\)/);
    expect(text).toMatch(/! \[remote rejected\].*other \(other may not be changed/);
  });
});

test('a branch moves forward to commits of earlier pushes, but not to those that nobody showed', async () => {
  const known = await git.shell(
    'git fetch -q && git push -q origin origin/bellhop/fix~1:refs/heads/bellhop/low && git push origin origin/bellhop/fix:refs/heads/bellhop/low',
    clone,
  );
  expect(known).toMatchObject({ failed: false });
  const served = path.join(git.folder, 'served/acme/shop.git');
  const { text, failed } = await git.shell(
    `git switch -qc foreign origin/bellhop/low && echo f > f && git add f && git commit -qm foreign && git push -q ${served} foreign && git fetch -q && git switch -q bellhop/fix && git push origin origin/foreign:refs/heads/bellhop/low`,
    clone,
  );
  expect({ text, failed }).toEqual({
    text: expect.stringMatching(/bellhop\/low could not be shown to only gain commits/),
    failed: true,
  });
});

test('a repository that is read is not pushed to, and says so', async () => {
  const { text, failed } = await git.shell(
    'echo 1 > a && git add a && git commit -qm one && git push origin HEAD:bellhop/x',
    `${clone}-docs`,
  );
  expect({ text, failed }).toEqual({
    text: expect.stringContaining('remote: bellhop: The repository acme/docs is granted for reading only.'),
    failed: true,
  });
});

test('a repository outside the grants is refused in words', async () => {
  for (const url of ['https://git.test/acme/secret.git', 'https://git.test/acme/shop/../secret.git']) {
    const { text, failed } = await git.shell(`git ls-remote ${url}`);
    expect({ text, failed }).toEqual({
      text: expect.stringContaining('remote: bellhop: The repository acme/secret is not granted here.'),
      failed: true,
    });
  }
});

test('a refused push of 30 MB says why as well', async () => {
  const refused = await git.shell(
    'head -c 31457280 /dev/urandom > big && git add big && git commit -qm big && git push origin HEAD:main',
    clone,
  );
  expect(refused).toEqual({ text: expect.stringContaining('main may not be changed'), failed: true });
});

test('a client that waits for 100 Continue is told to go on', async () => {
  const pushed = await git.shell(
    'echo e > e && git add e && git commit -qm e && git -c http.extraHeader="Expect: 100-continue" push origin HEAD:bellhop/expects',
    clone,
  );
  expect(pushed).toMatchObject({ failed: false });
  expect(git.origin.received('git.test').toLowerCase()).not.toContain('expect: 100');
});

/** Sends a push that creates one branch at main, as a program without git may send it: head and body at once. */
async function pushByCurl(branch: string, capabilities: string, options: string): Promise<string> {
  const tip = await git.server.revision('acme/shop', 'refs/heads/main');
  const emptyPack = Buffer.from('5041434b0000000200000000', 'hex');
  const body = Buffer.concat([
    packet(`${'0'.repeat(40)} ${tip} refs/heads/${branch}\0${capabilities}`),
    FLUSH,
    ...(capabilities.includes('push-options') ? [packet('merge_request.create'), FLUSH] : []),
    emptyPack,
    createHash('sha1').update(emptyPack).digest(),
  ]);
  const file = path.join(git.folder, 'push');
  await writeFile(file, body);
  const type = 'content-type: application/x-git-receive-pack-request';
  const { text } = await git.shell(
    `curl -sS -w '%{http_code}' --cacert "$GIT_SSL_CAINFO" -H '${type}' ${options} --data-binary @${file} https://git.test/acme/shop.git/git-receive-pack`,
  );
  return text;
}

test.each([
  ['a length', ''],
  ['chunks', "-H 'transfer-encoding: chunked'"],
])('a short push that comes at once, with %s, reaches the forge whole', async (what, options) => {
  const branch = `bellhop/at-once-${what.replace(' ', '-')}`;
  expect(await pushByCurl(branch, ' report-status', options)).toMatch(/unpack ok\n.*ok refs\/heads\/.*200$/s);
  expect(await git.server.revision('acme/shop', `refs/heads/${branch}`)).toMatch(/^[0-9a-f]{40}$/);
});

test.each([' push-options', ' report-status\tpush-options', ' report-status push-options=1'])(
  'push options are refused however they are written: %j',
  async (capabilities) => {
    expect(await pushByCurl('bellhop/with-options', capabilities, '')).toMatch(
      /push options, which are not carried.*403$/s,
    );
    expect(await git.server.revision('acme/shop', 'refs/heads/bellhop/with-options')).toBe('');
  },
);

test.each([
  [
    'a command that changes nothing',
    (from: string, to: string) => [
      [from, from],
      [from, to],
    ],
  ],
  [
    'the force first',
    (from: string, to: string) => [
      [from, to],
      [from, from],
    ],
  ],
])('one ref named twice, with %s, moves nothing', async (_what, commandsOf) => {
  const ref = 'refs/heads/bellhop/fix';
  const from = await git.server.revision('acme/shop', ref);
  const to = await git.server.revision('acme/shop', 'refs/heads/main');
  const emptyPack = Buffer.from('5041434b0000000200000000', 'hex');
  const file = path.join(git.folder, 'twice');
  const body = [
    ...commandsOf(from, to).map(([old, fresh], index) =>
      packet(`${old} ${fresh} ${ref}${index === 0 ? '\0 report-status' : ''}`),
    ),
    FLUSH,
    emptyPack,
    createHash('sha1').update(emptyPack).digest(),
  ];
  await writeFile(file, Buffer.concat(body));
  const type = 'content-type: application/x-git-receive-pack-request';
  const { text } = await git.shell(
    `curl -sS -w '%{http_code}' --cacert "$GIT_SSL_CAINFO" -H '${type}' --data-binary @${file} https://git.test/acme/shop.git/git-receive-pack`,
  );
  expect(from).toMatch(/^[0-9a-f]{40}$/);
  expect(await git.server.revision('acme/shop', ref)).toBe(from);
  expect(text).toMatch(/The push names a ref twice\..*403$/s);
});

test('a guardrail of the organization wins over every grant', async () => {
  await git.grant(
    [{ access: 'write', branches: ['main'] }],
    [{ id: 'no-main', repository: '*', operations: ['push-default-branch'], reason: 'A person merges.', line: 0 }],
  );
  const { text, failed } = await git.shell('git push origin HEAD:main', clone);
  expect({ text, failed }).toEqual({
    text: expect.stringContaining('guardrail no-main forbids push-default-branch in acme/shop. A person merges.'),
    failed: true,
  });
});

test('write pushes to the listed branches only, without force', async () => {
  await git.grant([{ access: 'write', branches: ['main', 'release/*', 'refs/tags/v*'] }]);
  expect(await git.shell('git push origin HEAD:release/1 HEAD:refs/tags/v2', clone)).toMatchObject({ failed: false });
  expect(await git.shell('git push origin HEAD:main', clone)).toMatchObject({ failed: false });
  expect(await git.shell('git push origin HEAD:other', clone)).toMatchObject({ failed: true });
  const forced = await git.shell('git commit -q --amend -m again && git push -f origin HEAD:main', clone);
  expect(forced.text).toContain('main could not be shown to only gain commits');
  expect(forced.failed).toBe(true);
});

test('events name repository, operation and refs', async () => {
  const events = await git.world.events(S1, 1, ({ operation }) => operation === 'push');
  const first = events.find(({ ref }) => ref === 'refs/heads/bellhop/fix');
  expect(first).toMatchObject({ outcome: 'injected', repository: 'acme/shop', connection: 'forge', status: 200 });
  const refused = events.filter(({ outcome }) => outcome === 'blocked');
  expect(refused.map(({ ref }) => ref)).toContain('refs/heads/bellhop/two refs/heads/other');
  expect(refused[0]).toMatchObject({ code: 'git_refused', rule: 'forge', status: 200 });
});

test("a forge's connection without any grant opens no repository, on none of its hosts", async () => {
  await git.grant([]);
  for (const host of ['git.test', 'hub.test', 'api.hub.test']) {
    const refused = await git.shell(`git clone https://${host}/acme/shop ${clone}-ungranted`);
    expect(refused).toMatchObject({ failed: true });
    expect(refused.text).toMatch(/Connection forge opens nothing without repositories in a bundle of this scope/);
  }
});

test('git is told of every other refusal in words, too', async () => {
  const addresses = [{ range: '127.0.0.1/32', port: git.origin.port }];
  await git.world.apply({
    connections: [],
    attached: { [SCOPE_1]: { domains: [domain('store.test', { addresses, paths: ['/x'] })] } },
  });
  const refused = await git.shell('git ls-remote https://store.test/acme/shop');
  expect(refused).toMatchObject({ failed: true });
  expect(refused.text).toContain('remote: bellhop: The path /acme/shop/info/refs is not covered');
});
