import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { statusText } from '../../../cli/status-text.ts';
import type { ToolsState } from '../../../contracts/setup-state.ts';
import { checkDiskRoom } from '../../../docker/disk-room.ts';
import { connectEngine } from '../../../docker/engine.ts';
import { checkTools } from '../../../setup/doctor/engine-checks.ts';
import { createJournal, type Journal } from '../../../workers/up/journal.ts';
import { provideTools } from '../../../workers/up/services/tools.ts';
import { createSupervisor, type Supervisor } from '../../../workers/up/supervisor.ts';
import type { UpContext } from '../../../workers/up/up-context.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

let folder: TemporaryFolder;
let supervisor: Supervisor;
let journal: Journal;
let states: ToolsState[];
let said: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  const children = path.join(folder.path, 'children');
  await mkdir(children);
  supervisor = createSupervisor({ logs: folder.path, children, onChange: () => {}, log: () => {} });
  [states, said] = [[], []];
  const initial = { installation: 'x', pid: 1, startedAt: '', control: '', addresses: {} };
  journal = createJournal({
    initial: { ...initial, simulated: { slack: true, model: true } },
    steps: [],
    processes: () => [],
    onChange: ({ tools }) => states.push(tools),
    onStep: () => {},
    now: () => new Date(),
    signal: new AbortController().signal,
  });
});
afterEach(async () => {
  await supervisor.stopAll();
  await folder[Symbol.asyncDispose]();
});

const provide = async (environment: Record<string, string>) => {
  const context: Pick<UpContext, 'environment' | 'journal' | 'supervisor' | 'signal' | 'tell'> = {
    environment: { PATH: process.env.PATH, ...environment },
    journal,
    supervisor,
    signal: new AbortController().signal,
    tell: (line) => said.push(line),
  };
  const script = path.join(import.meta.dirname, '../../support/children/second-time.ts');
  await provideTools(context as UpContext, { firstRetryMs: 50, script });
};

test('a build that fails is told with its last lines, and tried again', async () => {
  await provide({ PIP_CONFIG_FILE: path.join(folder.path, 'marker') });
  expect(states.map(({ state }) => state).filter((each, index, all) => each !== all[index - 1])).toEqual([
    'building',
    'failed',
    'building',
    'ready',
  ]);
  const failed = states.find(({ state }) => state === 'failed');
  expect(failed?.detail).toBe('E: no mirror\nthe script ended with exit code 100');
  expect(Date.parse(failed?.again ?? '')).toBeGreaterThan(Date.parse(failed?.since ?? ''));
  expect(said).toEqual([expect.stringMatching(/not built; trying again in 0 s\. the script ended with exit code 100/)]);
  expect(states.at(-1)?.detail).toBe('built full');
}, 30_000);

test('nothing is built where only the base is wished for', async () => {
  await provide({ BELLHOP_SANDBOX_TOOLS: 'base' });
  expect(states).toMatchObject([{ state: 'left-out' }]);
});

const since = new Date(Date.now() - 120_000).toISOString();
const FAILED: ToolsState = {
  state: 'failed',
  detail: 'E: no mirror\nexit code 100',
  since,
  again: '2030-01-01T00:00:00Z',
};
const BUILDING: ToolsState = { state: 'building', detail: 'installing tools', since };

test('status tells a build that goes on or has failed, and is silent about one that is done', () => {
  const nothing = { waiting: 0, oldestFor: null, failed: 0 };
  const seen = { threads: [], runners: [], places: nothing, inbox: nothing, outbox: nothing };
  const status = (tools: ToolsState | null) => statusText({ ...seen, tools }, new Date());
  expect(status(FAILED)).toContain(
    'not built; tried again at 2030-01-01T00:00:00Z; new sandboxes have the base\n  E: no mirror\n  exit',
  );
  expect(status(BUILDING)).toContain('being built for 2 min: installing tools; new sandboxes have the base');
  expect(status({ ...BUILDING, state: 'ready' })).not.toContain('Tools');
  expect(status(null)).not.toContain('Tools');
});

test('doctor says which of the two is there, and what became of the build', async () => {
  const engine = await connectEngine({ env: process.env });
  // An engine of another machine's kind has no such image.
  const empty = { ...engine, info: { ...engine.info, arch: engine.info.arch === 'aarch64' ? 'x86_64' : 'aarch64' } };
  expect(await checkTools(empty, {}, FAILED)).toMatchObject({
    state: 'warn',
    detail: expect.stringContaining('E: no mirror'),
    fix: expect.stringContaining('2030-01-01'),
  });
  expect(await checkTools(empty, {}, BUILDING)).toMatchObject({
    state: 'later',
    detail: expect.stringContaining('installing tools'),
  });
  expect(await checkTools(empty, {}, undefined)).toMatchObject({
    state: 'later',
    detail: expect.stringContaining('`bellhop up`'),
  });
  const base = { BELLHOP_SANDBOX_TOOLS: 'base' };
  expect(await checkTools(empty, base, undefined)).toMatchObject({
    state: 'ok',
    detail: expect.stringContaining('base only'),
  });
});

test('a build for which the disk has no room does not begin', async () => {
  const engine = await connectEngine({ env: process.env });
  await checkDiskRoom(engine, 1);
  await expect(checkDiskRoom(engine, 1_000_000_000)).rejects.toMatchObject({
    code: 'DiskFull',
    message: expect.stringMatching(/needs 1000000000 MB on the disk of .*, and \d+ MB are free/),
  });
});
