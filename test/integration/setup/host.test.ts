import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { writeAtomically } from '../../../setup/host/atomic-file.ts';
import { openHome } from '../../../setup/host/home.ts';
import { onPath } from '../../../setup/host/on-path.ts';
import { createPortChooser } from '../../../setup/host/ports.ts';
import { identityOf, isAlive } from '../../../setup/host/process-identity.ts';
import { holderOfUpLock, takeUpLock } from '../../../setup/host/up-lock.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function listen(): Promise<{ port: number } & AsyncDisposable> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void (await new Promise((resolve) => server.close(resolve))) };
}

describe('ports', () => {
  it('takes another one and says who has the usual one', async () => {
    await using taken = await listen();
    const chosen = await createPortChooser({}).choose({ variable: 'X_PORT', usual: taken.port });
    expect(chosen.port).not.toBe(taken.port);
    expect(chosen.remark).toMatch(
      new RegExp(`port ${taken.port} is taken by process ${process.pid} \\(node .+\\); using ${chosen.port}`),
    );
    expect(chosen.brief).toBe(`${taken.port} is taken by node (${process.pid})`);
  });

  it('refuses a taken one that the user fixed, naming variable and holder', async () => {
    await using taken = await listen();
    const choosing = createPortChooser({ X_PORT: String(taken.port) }).choose({ variable: 'X_PORT', usual: 1 });
    await expect(choosing).rejects.toThrow(
      new RegExp(`port ${taken.port} \\(X_PORT\\) is taken by process ${process.pid}`),
    );
  });

  it('takes the usual one when it is free, and any free one for 0', async () => {
    const { port } = await createPortChooser({ X_PORT: '0' }).choose({ variable: 'X_PORT', usual: 1 });
    expect(port).toBeGreaterThan(1023);
    // No outgoing connection is given it meanwhile.
    expect(port).toBeLessThan(32_768);
    expect(await createPortChooser({}).choose({ variable: 'X_PORT', usual: port })).toEqual({ port });
  });

  it('gives no port twice in a run, also before anybody listens there', async () => {
    const ports = createPortChooser({});
    const { port } = await createPortChooser({ X_PORT: '0' }).choose({ variable: 'X_PORT', usual: 1 });
    expect(await ports.choose({ variable: 'A_PORT', usual: port })).toEqual({ port });
    const other = await ports.choose({ variable: 'B_PORT', usual: port });
    expect(other.port).not.toBe(port);
    expect(other.brief).toBe(`${port} is the port of A_PORT`);
    const fixed = createPortChooser({ A_PORT: String(port), B_PORT: String(port) });
    await fixed.choose({ variable: 'A_PORT', usual: 1 });
    await expect(fixed.choose({ variable: 'B_PORT', usual: 2 })).rejects.toThrow(
      `port ${port} (B_PORT) is the port of A_PORT`,
    );
  });

  it('refuses what is no port', async () => {
    await expect(createPortChooser({ X_PORT: 'http' }).choose({ variable: 'X_PORT', usual: 1 })).rejects.toThrow(
      'X_PORT: http is not a port number',
    );
  });
});

describe('the lock of a home', () => {
  it('is held once, and free again afterwards', async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, 'up.pid');
    {
      await using _lock = await takeUpLock(file);
      await expect(takeUpLock(file)).rejects.toThrow(`already running here (process ${process.pid})`);
      expect(await holderOfUpLock(file)).toMatchObject({ pid: process.pid });
    }
    await using _again = await takeUpLock(file);
  });

  it('is taken over from a process that is gone, also when its number lives on', async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, 'up.pid');
    await writeFile(file, JSON.stringify({ pid: process.pid, started: 'another process of that number' }));
    await using _lock = await takeUpLock(file);
    expect(await holderOfUpLock(file)).toEqual(await identityOf(process.pid));
  });

  it('knows a process by number and start', async () => {
    const child = spawn('sleep', ['60']);
    const identity = await identityOf(child.pid ?? 0);
    if (!identity) throw new Error('the child has no identity');
    expect(await isAlive(identity)).toBe(true);
    child.kill();
    await once(child, 'exit');
    expect(await isAlive(identity)).toBe(false);
  });
});

describe('files', () => {
  it('are replaced whole', async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, 'state.json');
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => await writeAtomically(file, JSON.stringify({ index }))),
    );
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ index: expect.any(Number) });
    expect(await readdir(folder.path)).toEqual(['state.json']);
  });

  it('an installation keeps its id, and a deep home puts sockets elsewhere', async () => {
    await using folder = await temporaryFolder();
    const deep = path.join(folder.path, 'a'.repeat(60), 'home');
    const first = await openHome(deep);
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(async () => await rm(first.installation.runFolder, { recursive: true }));
    const second = await openHome(deep);
    expect(second.installation).toEqual(first.installation);
    expect(Buffer.byteLength(first.installation.runFolder)).toBeLessThanOrEqual(60);
  });

  it('a program is found as a shell finds it', async () => {
    expect(await onPath('sh', { PATH: '/nowhere:/bin:/usr/bin' })).toBe('/bin/sh');
    await expect(onPath('sh', { PATH: '/nowhere' })).rejects.toThrow('not there');
  });
});
