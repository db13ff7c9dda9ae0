import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { keyFileIn, modelKeyFileIn } from '../../../credentials/key-file.ts';
import { homeFolder, openHome, ROOT } from '../../../setup/host/home.ts';

test('the key file that a start makes is the one that the command line exports', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bh-home-'));
  try {
    const { keyFile, modelKeyFile } = await openHome(folder);
    expect([keyFile, modelKeyFile]).toEqual([keyFileIn(folder), modelKeyFileIn(folder)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('an empty BELLHOP_HOME counts as unset', () => {
  expect(homeFolder({ BELLHOP_HOME: '' })).toBe(path.join(ROOT, '.bellhop'));
});
