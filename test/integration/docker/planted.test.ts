import type { ExecCreateOptions } from 'dockerode';
import { sandboxName } from '../../../docker/sandbox-names.ts';
import { docker } from '../../support/installation/containers.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';
import { PLAIN, plantEverywhere } from './support/planting.ts';
import { RELAY } from './support/relay-command.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

const container = () => sandboxName(fixture.installation, sandbox.id);
const plant = async () =>
  await plantEverywhere(sandbox, (path, content) =>
    fixture.runtime.writeFile(sandbox.id, sandbox.uid, path, Buffer.from(content)),
  );

/** What the plant has written, and what runs as anybody but the agent. */
async function traces() {
  const { output } = await sandbox.run(`${PLAIN}; ls -A /workspace | grep ran-as-`);
  const processes = await docker('exec', '--user', '0', container(), '/bin/ps', '-eww', '-o', 'uid=,args=');
  const others = processes.split('\n').map((line) => line.trim().replace(/ +/, ' '));
  return { ran: output, others: others.filter((line) => !line.startsWith(`${sandbox.uid} `)) };
}

async function expectNoTrace(): Promise<void> {
  expect(await traces()).toEqual({
    ran: '',
    others: [
      expect.stringMatching(/^\d+ \/sbin\/docker-init -- \/usr\/local\/lib\/bellhop\/entry$/),
      expect.stringMatching(/^\d+ \/usr\/local\/lib\/bellhop\/entry$/),
      expect.stringMatching(new RegExp(`^\\d+ ${RELAY}$`)),
      expect.stringMatching(/^0 \/bin\/ps /),
    ],
  });
}

test('a planted program would be noticed: it writes down each user but the agent that runs it', async () => {
  expect(await plant()).toBeGreaterThan(5_000);
  await docker('exec', container(), '/workspace/plant');
  expect((await traces()).ran).toMatch(/^ran-as-\d+\n$/);
  await docker('exec', '--user', '0', container(), '/bin/true');
  await sandbox.run(`${PLAIN}; rm -f /workspace/ran-as-*`);
  await expectNoTrace();
}, 120_000);

const AGAIN: readonly [string, () => Promise<unknown>][] = [
  ['its removal', async () => await fixture.runtime.remove(sandbox.id)],
  ['a crash', async () => await fixture.engine.docker.getContainer(container()).kill()],
  ['a restart by the engine', async () => await fixture.engine.docker.getContainer(container()).restart({ t: 0 })],
  ['a pause', async () => await fixture.runtime.pause(sandbox.id)],
];

test.each(AGAIN)(
  'nothing that an agent plants is run by another user after %s of the container',
  async (_, happen) => {
    await plant();
    await fixture.runtime.endTurn(sandbox.id, sandbox.uid, 0);
    await happen();
    await fixture.runtime.provision(sandbox.spec);
    await fixture.runtime.checkSockets(sandbox.id, sandbox.uid);
    await fixture.runtime.workspaceUse(sandbox.id, sandbox.uid);
    await fixture.runtime.endTurn(sandbox.id, sandbox.uid, 0);
    await expectNoTrace();
  },
  180_000,
);

test.each([
  ['a shell', ['sh', '-c', 'ls; id; cat /etc/hostname | tr a b']],
  ['a login shell', ['bash', '-lc', 'ls; id']],
  ['an interactive shell', ['bash', '-ic', 'ls']],
  ['python', ['python3', '-c', 'import os, json; print(1)']],
  ['node', ['node', '-e', 'console.log(1)']],
  ['git in the workspace', ['git', '-C', '/workspace', 'status']],
  ['curl', ['curl', '--version']],
])(
  '%s that an operator starts in the container runs nothing of the agent',
  async (_, command) => {
    await plant();
    // The engine's own default: the user, the folder and the environment of the container.
    const options: ExecCreateOptions = { Cmd: [...command], AttachStdout: true, AttachStderr: true };
    const exec = await fixture.engine.docker.getContainer(container()).exec(options);
    const stream = await exec.start({});
    stream.resume();
    await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject));
    await expectNoTrace();
  },
  120_000,
);

test('nothing that runs before a command has a folder of the agent in its environment or as its working folder', async () => {
  const other = await fixture.sandbox();
  const { output: folders } = await other.run('find / -type d -writable -not -path "/proc/*" 2>/dev/null', {
    timeoutMs: 120_000,
  });
  const writable = folders.split('\n').filter(Boolean);
  expect(writable).toContain('/workspace');
  const inspected = await fixture.engine.docker.getContainer(container()).inspect();
  const env = inspected.Config.Env ?? [];
  for (const folder of writable) expect(env.join('\n')).not.toContain(folder);
  expect(inspected.Config.WorkingDir).toBe('/');
  const own =
    "for pid in $(pgrep -x 'relay|entry'); do tr '\\0' ' ' < /proc/$pid/environ; readlink /proc/$pid/cwd; done; readlink /proc/1/cwd";
  expect(await docker('exec', container(), '/bin/sh', '-c', own)).toBe('/\n/\n/');
});

test('a command of the agent has its own home and programs all the same', async () => {
  const other = await fixture.sandbox();
  const { output } = await other.run('echo $HOME $TMPDIR $PATH $USER; stat -c %a ~; npm prefix -g; pwd');
  expect(output).toBe(
    '/workspace/.home /tmp /workspace/.home/.local/bin:/workspace/.home/.local/gems/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin agent\n' +
      '700\n/workspace/.home/.local\n/workspace\n',
  );
});
