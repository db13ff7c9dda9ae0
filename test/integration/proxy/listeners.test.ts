import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createSandboxListeners, type SandboxListeners } from '../../../proxy/listener/sandbox-listeners.ts';

let folder: string;
let listeners: SandboxListeners;
const connected: string[] = [];
const warnings: string[] = [];

function create(runDir = path.join(folder, 'run')): SandboxListeners {
  return createSandboxListeners({
    runDir,
    stateDir: path.join(folder, 'state'),
    onConnection(sandbox: string, socket: Socket) {
      connected.push(sandbox);
      socket.end();
    },
    onDirectConnection(sandbox: string, socket: Socket) {
      connected.push(`${sandbox}, directly`);
      socket.end();
    },
    warn: (message) => warnings.push(message),
  });
}

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bp-'));
  listeners = create();
});
afterEach(() => {
  listeners.stop();
  rmSync(folder, { recursive: true, force: true });
});

const reach = (socket: string) =>
  new Promise<void>((resolve, reject) => {
    connect(socket)
      .once('close', () => resolve())
      .once('error', reject)
      .resume();
  });

test('each sandbox has a folder with two sockets, which only its relay may open', async () => {
  const { folder: own, socket } = await listeners.ensure('abc', 1_000_020_001);
  expect(readdirSync(own).toSorted()).toEqual(['direct.sock', 'proxy.sock']);
  expect(statSync(path.dirname(own)).mode & 0o777).toBe(0o700);
  expect(statSync(own).mode & 0o777).toBe(0o755);
  for (const each of [socket, path.join(own, 'direct.sock')]) {
    const { uid, mode } = statSync(each);
    // Without the right to change owners a socket stays ours with mode 0666. Only we can enter the folder above it.
    if (process.getuid?.() === 0) expect({ uid, mode: mode & 0o777 }).toEqual({ uid: 1_000_020_001, mode: 0o600 });
    else expect({ mode: mode & 0o777, told: warnings.length }).toEqual({ mode: 0o666, told: 2 });
    await reach(each);
  }
  expect(connected).toEqual(['abc', 'abc, directly']);
});

test.each(['proxy.sock', 'direct.sock'])(
  'asking again changes nothing, and when %s went missing it comes back',
  async (name) => {
    const { folder: own } = await listeners.ensure('abc', process.getuid?.() ?? 0);
    const socket = path.join(own, name);
    const { ino } = statSync(socket);
    await listeners.ensure('abc', process.getuid?.() ?? 0);
    expect(statSync(socket).ino).toBe(ino);
    rmSync(socket);
    await listeners.ensure('abc', process.getuid?.() ?? 0);
    await reach(socket);
  },
);

test('a path that the kernel would cut is refused', async () => {
  const long = create(path.join(folder, 'x'.repeat(100)));
  await expect(long.ensure('abc', 0)).rejects.toMatchObject({ code: 'path_too_long' });
});

test('the next process listens again for those that are still there, in the same folders', async () => {
  const uid = process.getuid?.() ?? 0;
  const { folder: kept, socket } = await listeners.ensure('kept', uid);
  const { ino } = statSync(kept);
  const gone = await listeners.ensure('gone', uid);
  await listeners.ensure('removed', uid);
  await listeners.remove('removed');
  listeners.stop();
  rmSync(gone.folder, { recursive: true });
  expect(existsSync(path.join(folder, 'run', 'removed'))).toBe(false);
  listeners = create();
  await listeners.restore();
  expect(listeners.list().map(({ sandbox }) => sandbox)).toEqual(['kept']);
  expect(statSync(kept).ino).toBe(ino);
  await reach(socket);
});
