import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../../../setup/host/run-command.ts';
import { contention } from '../../support/contention.ts';
import { launchUp } from '../../support/launched-up.ts';
import { processesOf } from '../../support/processes-of.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

/** Running processes whose command line has this text. */
async function running(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    pids.map(async (pid) => await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return commands.map((command) => command.replaceAll('\0', ' ')).filter((command) => command.includes(text));
}

test('a command is ended with everything it has started, when somebody asks to stop and when it takes too long', async () => {
  const stop = new AbortController();
  const stopped = runCommand('sh', ['-c', 'sleep 7411 & wait'], { signal: stop.signal });
  const late = runCommand('sh', ['-c', 'sleep 7412 & wait'], { timeoutMs: 200 });
  await Promise.all([
    expect(stopped).rejects.toThrow('sh was stopped'),
    expect(late).rejects.toThrow('sh did not end within 0.2 s'),
    until(async () => (await running('sleep 7411')).length > 0, 'the command').then(() => stop.abort()),
  ]);
  await until(async () => (await running('sleep 741')).length === 0, 'the end of both');
  await expect(runCommand('sh', ['-c', 'echo done'], { signal: stop.signal })).rejects.toThrow();
});

test('Ctrl-C in the middle of a download ends everything within seconds', async () => {
  // A pip that never comes to an end, and no other way to a Temporal server.
  const bin = path.join(folder.path, 'bin');
  await mkdir(bin);
  await writeFile(path.join(bin, 'python3'), '#!/bin/sh\nsleep 7413 &\nwait\n');
  await chmod(path.join(bin, 'python3'), 0o755);
  const way = { NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: 'http://127.0.0.1:1' };
  const up = await launchUp({
    environment: { PATH: `${bin}:/usr/bin:/bin:/usr/sbin:/sbin`, XDG_CACHE_HOME: folder.path, ...way },
  });
  try {
    await up.pageUrl();
    await until(async () => (await running('sleep 7413')).length > 0, 'pip', 30_000);
    const asked = performance.now();
    expect(await up.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000 * contention());
    expect(await running('sleep 7413')).toEqual([]);
    expect(await processesOf(up.home)).toEqual([]);
    expect(up.said()).not.toContain('failed');
  } finally {
    await up.stop();
    await rm(up.home, { recursive: true, force: true });
  }
}, 60_000);

test('Ctrl-C right after the first step leaves nothing running', async () => {
  const up = await launchUp();
  try {
    await up.pageUrl();
    const asked = performance.now();
    expect(await up.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(15_000 * contention());
    expect(await processesOf(up.home)).toEqual([]);
  } finally {
    await up.stop();
    await rm(up.home, { recursive: true, force: true });
  }
}, 60_000);
