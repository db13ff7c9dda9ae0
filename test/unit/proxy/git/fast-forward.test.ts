import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { createCommitMemory } from '../../../../proxy/git/commit-memory.ts';
import { findFastForwards } from '../../../../proxy/git/fast-forward.ts';
import { readPackCommits } from '../../../../proxy/git/pack-commits.ts';
import { applyDelta } from '../../../../proxy/git/pack-delta.ts';

/** Packs are made by git itself, and git says what descends from what. */
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'pack-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ENV = {
  ...process.env,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@a.test',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@a.test',
};

function git(repository: string, args: readonly string[], input = ''): Buffer {
  return execFileSync('git', args, { cwd: repository, env: ENV, input, maxBuffer: 64 * 1024 * 1024 });
}

/** A history in which long messages differ little, so that git stores commits as deltas of each other. */
function history(name: string, hash: 'sha1' | 'sha256') {
  const repository = path.join(folder, name);
  execFileSync('git', ['init', '-q', '-b', 'main', `--object-format=${hash}`, repository], { env: ENV });
  const tree = git(repository, ['write-tree']).toString().trim();
  const text = 'A sentence that stands in every message. '.repeat(20);
  const commit = (parents: readonly string[], what: string) =>
    git(repository, ['commit-tree', tree, ...parents.flatMap((each) => ['-p', each]), '-m', `${what}\n\n${text}`])
      .toString()
      .trim();
  const pack = (wanted: string, known: readonly string[]) =>
    git(
      repository,
      ['pack-objects', '--revs', '--stdout', '--thin', '--delta-base-offset', '-q'],
      `${wanted}\n${known.map((each) => `^${each}\n`).join('')}`,
    );
  return { repository, commit, pack };
}

describe.each(['sha1', 'sha256'] as const)('%s', (hash) => {
  test('commits are found in a pack of git, deltas among them, and lead from the new one to the old one', () => {
    const { repository, commit, pack } = history(`chain-${hash}`, hash);
    const chain = [commit([], 'root')];
    for (let count = 1; count < 40; count += 1) chain.push(commit([chain.at(-1) as string], `change ${count}`));
    const from = chain[5] as string;
    const to = chain.at(-1) as string;
    const bytes = pack(to, [from]);
    const found = readPackCommits(bytes, hash);
    const wanted = git(repository, ['rev-list', to, `^${from}`])
      .toString()
      .trim()
      .split('\n');
    expect([...found.parents.keys()].sort()).toEqual(wanted.sort());

    const ref = 'refs/heads/bellhop/x';
    const memory = createCommitMemory();
    expect(findFastForwards([{ from, to, ref }], bytes, memory).proved.has(ref)).toBe(true);
    expect(
      findFastForwards([{ from: chain[30] as string, to: from, ref }], bytes, createCommitMemory()).proved.size,
    ).toBe(0);
    // What the memory holds is shown again without a pack.
    expect(findFastForwards([{ from, to: chain[30] as string, ref }], Buffer.alloc(0), memory).proved.has(ref)).toBe(
      true,
    );
  });
});

test('a random history is judged as git judges it', () => {
  const { repository, commit, pack } = history('random', 'sha1');
  const commits = [commit([], 'root')];
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(), (picked, a, b) => {
      const parents = [...new Set(picked.map((each) => commits[each % commits.length] as string))];
      commits.push(commit(parents, `number ${commits.length}`));
      const from = commits[a % commits.length] as string;
      const to = commits[b % commits.length] as string;
      if (from === to) return;
      const base = git(repository, ['merge-base', '--all', from, to]).toString().trim().split('\n');
      const { proved } = findFastForwards([{ from, to, ref: 'r' }], pack(to, [from]), createCommitMemory());
      expect(proved.has('r')).toBe(base.includes(from));
    }),
    { numRuns: 60 },
  );
});

test('every beginning of a pack is read without a throw, and shows nothing that the whole does not show', () => {
  const { commit, pack } = history('cut', 'sha1');
  const chain = [commit([], 'root')];
  for (let count = 1; count < 8; count += 1) chain.push(commit([chain.at(-1) as string], `change ${count}`));
  const bytes = pack(chain.at(-1) as string, []);
  const whole = readPackCommits(bytes, 'sha1').parents;
  for (let length = 0; length < bytes.length; length += 1) {
    const part = readPackCommits(bytes.subarray(0, length), 'sha1');
    for (const [id, parents] of part.parents) expect(whole.get(id)).toEqual(parents);
  }
});

test('bytes that are changed never show a descent', () => {
  const { commit, pack } = history('changed', 'sha1');
  const root = commit([], 'root');
  const tip = commit([commit([root], 'one')], 'two');
  const bytes = pack(tip, [root]);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const changed = Buffer.from(bytes);
      changed[at] = ((changed[at] ?? 0) + by) % 256;
      const { parents } = readPackCommits(changed, 'sha1');
      for (const [id, found] of parents) {
        if (id === tip) expect(found).toHaveLength(1);
      }
      // Another root is never reached from the tip.
      const other = 'f'.repeat(40);
      expect(findFastForwards([{ from: other, to: tip, ref: 'r' }], changed, createCommitMemory()).proved.size).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('a delta that does not fit its base makes nothing, and no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 60 }), (base, delta) => {
      const made = applyDelta(Buffer.from(base), Buffer.from(delta));
      if (made !== null) expect(delta[0]).toBe(base.length);
    }),
    { numRuns: 3_000 },
  );
});

test('an object that claims to be large, or inflates to much, is not read', () => {
  const head = Buffer.concat([Buffer.from('PACK'), Buffer.of(0, 0, 0, 2, 0, 0, 0, 1)]);
  const large = Buffer.concat([head, Buffer.of(0x9f, 0xff, 0xff, 0xff, 0xff, 0x0f)]);
  expect(readPackCommits(large, 'sha1')).toMatchObject({ mayGrow: false });
});
