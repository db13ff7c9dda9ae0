import type { WorkspaceUse } from '../../../docker/sandbox.ts';
import { watchWorkspace } from '../../../docker/watch-workspace.ts';
import { until } from '../../support/until.ts';

const LIMIT = { bytes: 1_000_000, files: 2_000 };

interface World {
  /** The counts of files; the last one is repeated. */
  readonly files: readonly number[];
  /** The same for bytes. */
  readonly bytes?: readonly number[];
  readonly disk?: readonly number[];
  readonly shrinkWithinMs?: number;
}

/** Watches a workspace. Resolves with the counts taken, and with the files of what was told. */
async function watched(
  { files, bytes = [0], disk = [50_000], shrinkWithinMs }: World,
  isEnough: (counts: number, over: number | null) => boolean,
) {
  const nth = (values: readonly number[], n: number) => values[Math.min(n, values.length - 1)] ?? 0;
  let counts = 0;
  let looks = 0;
  let over: number | null = null;
  const watch = watchWorkspace({
    runtime: {
      workspaceUse: async () => {
        counts += 1;
        return { bytes: nth(bytes, counts - 1), files: nth(files, counts - 1), complete: true };
      },
      diskUse: async () => ({ bytes: 0, files: nth(disk, looks++) }),
    },
    id: 's1',
    uid: 1_000,
    limit: LIMIT,
    everyMs: 20,
    ...(shrinkWithinMs !== undefined && { shrinkWithinMs }),
    onOver: (use: WorkspaceUse) => {
      over = use.files;
    },
    onHindered: () => {},
  });
  try {
    await until(async () => isEnough(counts, over), 'the counts', 10_000);
    return { counts, over };
  } finally {
    watch.stop();
  }
}

test('a command that cleans up a workspace that was too large before is let do so', async () => {
  const { over } = await watched({ files: [3_000, 2_500, 1_900] }, (counts) => counts >= 5);
  expect(over).toBeNull();
});

test('a workspace that was too large before and does not shrink is told', async () => {
  const { counts, over } = await watched({ files: [3_000, 3_000], shrinkWithinMs: 100 }, (_, told) => told !== null);
  expect([counts, over]).toEqual([2, 3_000]);
});

test('a workspace that becomes too large is told at the first count that finds it', async () => {
  const { counts, over } = await watched({ files: [1_900, 2_500] }, (_, told) => told !== null);
  expect([counts, over]).toEqual([2, 2_500]);
});

test('one that shrank below its limit and grows again is told at once', async () => {
  const { counts, over } = await watched({ files: [3_000, 1_900, 2_100] }, (_, told) => told !== null);
  expect([counts, over]).toEqual([3, 2_100]);
});

test('one that was filled since the watch began is told at the first count', async () => {
  const { counts, over } = await watched({ files: [3_000, 2_500], disk: [50_000, 53_000] }, (_, told) => told !== null);
  expect([counts, over]).toEqual([1, 3_000]);
});

test('a command that looks around before it deletes, and pauses, is let do so too', async () => {
  const { over } = await watched({ files: [3_000, 3_000, 2_500, 2_500, 1_900] }, (counts) => counts >= 6);
  expect(over).toBeNull();
});

test('what is too large in bytes and in files may lower one after the other', async () => {
  const world = { files: [3_000, 1_900, 1_900], bytes: [2_000_000, 2_000_000, 900_000] };
  const { over } = await watched(world, (counts) => counts >= 4);
  expect(over).toBeNull();
});

test('one that grows again before it is below its limit is told', async () => {
  const { counts, over } = await watched({ files: [3_000, 2_500, 2_600] }, (_, told) => told !== null);
  expect([counts, over]).toEqual([3, 2_600]);
});
