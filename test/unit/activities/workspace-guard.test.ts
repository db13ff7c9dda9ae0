import { createWorkspaceGuard } from '../../../activities/workspace-guard.ts';
import { DockerError } from '../../../docker/errors.ts';
import type { WorkspaceCount } from '../../../docker/sandbox.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Counts how often a workspace is looked at; `look` is what is seen. */
function guardOf(look: () => Partial<WorkspaceCount>) {
  const seen = { looks: 0, kills: 0 };
  const runtime = {
    limitsWorkspaces: async () => false,
    diskUse: async () => null,
    workspaceUse: async () => {
      seen.looks += 1;
      return { bytes: 0, files: 0, complete: true, ...look() };
    },
    killAgent: async () => {
      seen.kills += 1;
    },
  };
  return { seen, guard: createWorkspaceGuard({ runtime, limitMb: 1, limitFiles: 1_000 }) };
}

const aMinute = () => jest.advanceTimersByTimeAsync(60_000);

test('a workspace is looked at while it is guarded, and not after', async () => {
  const { seen, guard } = guardOf(() => ({}));
  await guard.begin('s1', 1);
  await aMinute();
  expect(seen.looks).toBeGreaterThan(5);
  guard.end('s1');
  seen.looks = 0;
  await aMinute();
  expect(seen.looks).toBe(0);
});

test('who begins twice at once guards once', async () => {
  const { seen, guard } = guardOf(() => ({}));
  await Promise.all([guard.begin('s1', 1), guard.begin('s1', 1)]);
  guard.end('s1');
  await aMinute();
  expect(seen.looks).toBe(0);
});

test.each(['SandboxMissing', 'SandboxNotRunning'] as const)(
  'a guard that was begun too late ends with its sandbox: %s',
  async (code) => {
    const { seen, guard } = guardOf(() => {
      throw new DockerError(code, 'gone');
    });
    await guard.begin('s1', 1);
    await aMinute();
    expect(seen.looks).toBe(1);
    await guard.begin('s1', 1);
    await aMinute();
    expect(seen.looks).toBe(2);
  },
);

test('a look that fails once is followed by the next one', async () => {
  const { seen, guard } = guardOf(() => {
    if (seen.looks % 2 === 1) throw new DockerError('ExecTimeout', 'slow');
    return {};
  });
  await guard.begin('s1', 1);
  await aMinute();
  expect(seen.looks).toBeGreaterThan(5);
  expect(seen.kills).toBe(0);
});

test('an engine that is away ends nobody', async () => {
  const { seen, guard } = guardOf(() => {
    throw new DockerError('EngineUnavailable', 'restarting');
  });
  await guard.begin('s1', 1);
  await aMinute();
  expect(seen.looks).toBeGreaterThan(5);
  expect(seen.kills).toBe(0);
});

test.each(['ExecFailed', 'ExecTimeout'] as const)('whoever hinders the counting twice is ended: %s', async (code) => {
  const { seen, guard } = guardOf(() => {
    throw new DockerError(code, 'killed');
  });
  await guard.begin('s1', 1);
  await jest.advanceTimersByTimeAsync(12_000);
  expect(seen).toEqual({ looks: 2, kills: 1 });
  expect(guard.takeNotice('s1')).toBe('The workspace could not be counted: this was ended. Delete files first.');
  await aMinute();
  expect(seen.kills).toBeGreaterThan(3);
});

test.each([
  ['bytes', 2 * 1024 * 1024, 'The workspace takes 2 MB of 1 MB: this was ended. Delete files first.'],
  ['files', 1_001, 'The workspace holds 1001 files of 1000: this was ended. Delete files first.'],
])('what fills a workspace is ended and told once, and the workspace is guarded on: %s', async (part, over, notice) => {
  let use: Partial<WorkspaceCount> = {};
  const { seen, guard } = guardOf(() => use);
  await guard.begin('s1', 1);
  await jest.advanceTimersByTimeAsync(6_000);
  use = { [part]: over };
  await jest.advanceTimersByTimeAsync(6_000);
  expect(seen.kills).toBe(1);
  expect(guard.takeNotice('s1')).toBe(notice);
  expect(guard.takeNotice('s1')).toBeNull();
  // Who cleans up is let do so for a while.
  await jest.advanceTimersByTimeAsync(50_000);
  expect(seen.kills).toBe(1);
  await aMinute();
  expect(seen.kills).toBeGreaterThan(1);
});
