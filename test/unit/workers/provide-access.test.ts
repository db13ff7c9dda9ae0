import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseAccessFile } from '../../../access/parse-file/parse-access-file.ts';
import { formatProblem } from '../../../access/parse-file/problem.ts';
import { resolveFile } from '../../../access/resolve-file.ts';
import { SetupError } from '../../../setup/errors.ts';
import { createJournal } from '../../../workers/up/journal.ts';
import { type AccessOptions, provideAccess } from '../../../workers/up/services/access.ts';
import type { UpContext } from '../../../workers/up/up-context.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

let home: TemporaryFolder;
beforeEach(async () => {
  home = await temporaryFolder();
});
afterEach(() => home[Symbol.asyncDispose]());

/** A start at which each try to apply ends with the next of these words, and then well. */
function startWith(ends: readonly string[], { isMoved = false, stopAt = 0 } = {}) {
  const stop = new AbortController();
  let tries = 0;
  const run = async () => {
    tries += 1;
    if (tries === stopAt) stop.abort();
    const words = ends[tries - 1];
    if (words !== undefined) throw new SetupError('child-failed', words);
  };
  const journal = createJournal({
    initial: { addresses: {} } as never,
    steps: [{ id: 'access', title: 'Access' }],
    processes: () => [],
    onChange() {},
    onStep() {},
    now: () => new Date(),
    signal: stop.signal,
  });
  const context = { home: { folder: home.path }, environment: {}, journal, supervisor: { run }, signal: stop.signal };
  const options = {
    databaseUrl: 'postgres://x/y',
    inForce: isMoved ? { version: 3, source: 'addresses: [127.0.0.1/32:1]' } : null,
    world: { port: 65_000 },
    mirrors: Promise.resolve({}),
    moveWorld: async () => 4,
  };
  const done = provideAccess(context as unknown as UpContext, options as unknown as AccessOptions);
  return { done, tries: () => tries, step: () => journal.state().steps[0] };
}

const UNKNOWN = 'bellhop.yaml:4: channels: there is no channel #eng that Bellhop can see';
const GONE = 'bellhop.yaml:2: environments.tools.dockerfile: there is no such file';

/** What `apply` says of a file before Slack has told of these channels. */
function saidOf(text: string, names: readonly string[]): string {
  const parsed = parseAccessFile(text, new Date());
  if (!('file' in parsed)) throw new Error(JSON.stringify(parsed));
  const channels = names.map((name) => ({ team: 'T1', id: `C${name}`, name, seenAt: new Date() }));
  const resolved = resolveFile(parsed.file, channels);
  if (!('problems' in resolved) || !resolved.problems[0]) throw new Error('it has no problem');
  return formatProblem('bellhop.yaml', resolved.problems[0]);
}
const NAMES_CHANNEL = "channels:\n  '#eng': { bundles: [] }\n";

test.each([saidOf(NAMES_CHANNEL, ['general']), saidOf(NAMES_CHANNEL, []), saidOf('workspace: { bundles: [] }\n', [])])(
  'a channel that is not known yet is waited for: %s',
  async (words) => {
    const { done, tries, step } = startWith([words, words]);
    await done;
    expect(tries()).toBe(3);
    expect(step()).toMatchObject({ state: 'done', detail: expect.stringContaining('bellhop.yaml applied') });
  },
);

test('what is in force is not applied again when the outside world moves', async () => {
  const { done, tries, step } = startWith([], { isMoved: true });
  await done;
  expect(tries()).toBe(0);
  expect(step()).toMatchObject({
    state: 'done',
    detail: expect.stringContaining('version 4 of the access file says so'),
  });
});

test('the files of a copy that was applied last are looked for where they are', async () => {
  await writeFile(path.join(home.path, 'applied-file'), '/a/home/bellhop.yaml\n/a/work\n');
  const { done, step } = startWith([], { isMoved: true });
  await done;
  expect(step()?.detail).toMatch(/ --files-from \/a\/work$/);
});

test('a copy that was edited and not applied keeps the edit when the outside world moves, and a start says so', async () => {
  const copy = (name: string) => path.join(home.path, name);
  const edited = '# mine\naddresses: [127.0.0.1/32:1]\n';
  await writeFile(copy('bellhop.yaml'), edited);
  const first = startWith([], { isMoved: true });
  await first.done;
  expect(await readFile(copy('bellhop.yaml'), 'utf8')).toBe('# mine\naddresses: [127.0.0.1/32:65000]\n');
  expect(await readFile(copy('bellhop.2.yaml'), 'utf8')).toBe('addresses: [127.0.0.1/32:65000]');
  expect(first.step()?.detail).toContain(
    `It is ${copy('bellhop.2.yaml')}. What you changed in ${copy('bellhop.yaml')} is kept and not in force`,
  );
  expect(first.step()?.detail).toMatch(
    /only the port in it is new; to use it, run: \.\/bellhop apply \S+\/bellhop\.yaml --files-from /,
  );

  // So does the second copy.
  await writeFile(copy('bellhop.2.yaml'), '# too\n');
  await startWith([], { isMoved: true }).done;
  expect(await readFile(copy('bellhop.2.yaml'), 'utf8')).toBe('# too\n');
  expect(await readFile(copy('bellhop.3.yaml'), 'utf8')).toBe('addresses: [127.0.0.1/32:65000]');
});

test('a copy with the rules in force is written anew, with the new port alone', async () => {
  await writeFile(path.join(home.path, 'bellhop.yaml'), 'addresses: [127.0.0.1/32:2]');
  const { done, step } = startWith([], { isMoved: true });
  await done;
  expect(await readFile(path.join(home.path, 'bellhop.yaml'), 'utf8')).toBe('addresses: [127.0.0.1/32:65000]');
  expect(step()?.detail).toMatch(/bellhop\.yaml: edit it and run: /);
});

test('a first start that no waiting helps fails at once', async () => {
  const { done, tries, step } = startWith([GONE]);
  await expect(done).rejects.toThrow(GONE);
  expect(tries()).toBe(1);
  expect(step()?.state).toBe('failed');
});

test.each([UNKNOWN, 'apply was stopped'])('a request to stop ends the step, and is no failure: %s', async (words) => {
  const { done, tries, step } = startWith([words], { stopAt: 1 });
  await expect(done).rejects.toThrow(words);
  expect(tries()).toBe(1);
  expect(step()?.state).toBe('pending');
});
