import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../../../docker/image-digest.ts';

test('the digest follows names and contents of all files, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bh-digest-'));
  try {
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'sub/a'), 'one');
    const first = await digestOf(folder);
    await utimes(join(folder, 'sub/a'), 1, 1);
    expect(await digestOf(folder)).toBe(first);
    expect(await digestOf(folder, ['node@1'])).not.toBe(first);
    await writeFile(join(folder, 'sub/a'), 'two');
    expect(await digestOf(folder)).not.toBe(first);
    await writeFile(join(folder, 'sub/a'), 'one');
    await writeFile(join(folder, 'b'), '');
    expect(await digestOf(folder)).not.toBe(first);
  } finally {
    await rm(folder, { recursive: true });
  }
});
