import { randomBytes } from 'node:crypto';
import { readFile as readHostFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

const read = async (path: string, maxBytes = 1_000_000, offset = 0) =>
  await fixture.runtime.readFile(sandbox.id, sandbox.uid, path, { maxBytes, offset });
const write = async (path: string, content: Uint8Array | AsyncIterable<Uint8Array>, options = {}) =>
  await fixture.runtime.writeFile(sandbox.id, sandbox.uid, path, content, options);

test('a file in new folders is written and read back byte for byte', async () => {
  const content = randomBytes(300_000);
  expect(await write('new/folder/data.bin', content)).toEqual({ bytes: 300_000 });
  expect(await read('new/folder/data.bin')).toMatchObject({ size: 300_000, truncated: false });
  expect((await read('/workspace/new/folder/data.bin')).bytes.equals(content)).toBe(true);
  expect((await sandbox.run('stat -c "%u %a" new/folder/data.bin')).output).toBe(`${sandbox.uid} 644\n`);
  await write('empty', Buffer.alloc(0));
  expect(await read('empty')).toMatchObject({ size: 0, truncated: false });
});

test('reading stops at the limit and says so, and can go on from there', async () => {
  await write('numbers', Buffer.from('0123456789'));
  expect(await read('numbers', 4)).toMatchObject({ size: 10, truncated: true, bytes: Buffer.from('0123') });
  expect(await read('numbers', 10)).toMatchObject({ size: 10, truncated: false });
  expect(await read('numbers', 4, 8)).toMatchObject({ truncated: false, bytes: Buffer.from('89') });
});

test('symlinks in the workspace lead to files of the sandbox, never of the host', async () => {
  await sandbox.run(
    'ln -s /etc/hostname name; ln -s /etc/shadow shadow; ln -s /proc/1/root/etc/hostname root; ln -s ../../../../../../etc/hostname up; ln -s /var/run/docker.sock engine',
  );
  expect((await readHostFile('/etc/hostname', 'utf8')).trim()).toBe(hostname());
  expect((await read('name')).bytes.toString()).toBe('sandbox\n');
  expect((await read('up')).bytes.toString()).toBe('sandbox\n');
  await expect(read('shadow')).rejects.toMatchObject({ code: 'FileDenied' });
  await expect(read('root')).rejects.toMatchObject({ code: 'FileDenied' });
  await expect(read('engine')).rejects.toMatchObject({ code: 'FileMissing' });
  await expect(write('shadow', Buffer.from('x'))).rejects.toMatchObject({ code: 'FileDenied' });
});

test('writing through a symlink changes what it points to and keeps permissions', async () => {
  await sandbox.run('echo old > real.sh; chmod 755 real.sh; ln -s real.sh link.sh');
  await write('link.sh', Buffer.from('new'));
  expect((await sandbox.run('cat real.sh; stat -c %a real.sh; readlink link.sh')).output).toBe('new755\nreal.sh\n');
});

test('anything but a regular file is refused at once, also a pipe without a writer', async () => {
  await sandbox.run('mkfifo pipe; mkdir folder');
  await expect(read('pipe')).rejects.toMatchObject({ code: 'FileNotRegular' });
  await expect(read('folder')).rejects.toMatchObject({ code: 'FileNotRegular', message: 'is a folder: folder' });
  await expect(read('/dev/zero')).rejects.toMatchObject({ code: 'FileNotRegular' });
  await expect(read('absent')).rejects.toMatchObject({ code: 'FileMissing', message: 'no such file: absent' });
  await expect(write('folder', Buffer.from('x'))).rejects.toMatchObject({ code: 'FileNotRegular' });
  await expect(write('/etc/x', Buffer.from('x'))).rejects.toMatchObject({ code: 'FileDenied' });
});

test('a write over the limit, or one that breaks off, leaves the old file', async () => {
  await write('kept', Buffer.from('old'));
  await expect(write('kept', randomBytes(2_000_000), { maxBytes: 1_000_000 })).rejects.toMatchObject({
    code: 'FileTooLarge',
  });
  async function* broken() {
    yield Buffer.from('half');
    throw new Error('the source broke');
  }
  await expect(write('kept', broken())).rejects.toThrow('the source broke');
  await delay(300);
  expect((await read('kept')).bytes.toString()).toBe('old');
  expect((await sandbox.run('ls -A | grep -c bellhop-write')).output).toBe('0\n');
});

test('a big file streams both ways without being held', async () => {
  const chunk = randomBytes(1024 * 1024);
  async function* many() {
    for (let i = 0; i < 60; i++) yield chunk;
  }
  const before = process.memoryUsage().rss;
  expect(await write('big', many())).toEqual({ bytes: 60 * chunk.length });
  const { size, stream } = await fixture.runtime.openFile(sandbox.id, sandbox.uid, 'big', { maxBytes: 100_000_000 });
  expect(size).toBe(60 * chunk.length);
  let received = 0;
  for await (const bytes of stream) {
    received += (bytes as Buffer).length;
    if (received < 10_000_000) await delay(1);
  }
  expect(received).toBe(size);
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
}, 60_000);

test('a file over the limit is not sent at all', async () => {
  await sandbox.run('truncate -s 3G sparse');
  const open = fixture.runtime.openFile(sandbox.id, sandbox.uid, 'sparse', { maxBytes: 1_000_000 });
  await expect(open).rejects.toMatchObject({ code: 'FileTooLarge' });
});

test('files of the kernel, which have no size, are read to the limit', async () => {
  const { bytes, size } = await read('/proc/self/status', 2_000);
  expect(bytes.toString()).toContain(`Uid:\t${sandbox.uid}`);
  expect(size).toBe(bytes.length);
});
