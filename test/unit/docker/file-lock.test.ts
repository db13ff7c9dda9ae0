import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withFileLock } from '../../../docker/file-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bh-lock-'));
});
afterEach(async () => await rm(folder, { recursive: true }));

test('one at a time holds the lock', async () => {
  const path = join(folder, 'lock');
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} in`);
    await delay(50);
    order.push(`${name} out`);
  };
  await Promise.all([withFileLock(path, undefined, work('a')), withFileLock(path, undefined, work('b'))]);
  expect(order).toHaveLength(4);
  expect(order[0]?.[0]).toBe(order[1]?.[0]);
});

test('a lock of a process that is gone is taken over', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, '999999999');
  expect(await withFileLock(path, undefined, async () => 'done')).toBe('done');
});

test('waiting for a lock can be given up', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, String(process.pid));
  await expect(withFileLock(path, AbortSignal.timeout(50), async () => 'done')).rejects.toThrow();
});
