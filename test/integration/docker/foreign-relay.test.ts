import { relayUidOf, sandboxName } from '../../../docker/sandbox-names.ts';
import { createSandboxRuntime } from '../../../docker/sandbox-runtime.ts';
import { docker } from '../../support/installation/containers.ts';
import { until } from '../../support/until.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';
import { RELAY } from './support/relay-command.ts';

let fixture: Fixture;
let uid = 93_000;
const images: string[] = [];

beforeAll(async () => {
  fixture = await createFixture();
}, 900_000);
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
  for (const image of images) await docker('rmi', '--force', image);
}, 60_000);

const containerOf = ({ id }: Pick<TestSandbox, 'id'>) => sandboxName(fixture.installation, id);

/** An image like ours with another first program, as an older or a changed image could have it. */
async function imageStarting(script: string): Promise<string> {
  const image = `bellhop-test-relay:${fixture.installation}-${images.length}`;
  const container = await fixture.engine.docker.createContainer({ Image: fixture.image });
  try {
    const [repo, tag] = image.split(':');
    const entrypoint = JSON.stringify(['/bin/sh', '-c', script]);
    await container.commit({ repo, tag, changes: [`ENTRYPOINT ${entrypoint}`] as never });
  } finally {
    await container.remove({ force: true });
  }
  images.push(image);
  return image;
}

const BOOT = 'echo 0123456789abcdef0123456789abcdef > /run/boot/id; ';
const LISTEN = `${BOOT}exec python3 -c "import socket, time; s = socket.create_server(('127.0.0.1', 3128)); time.sleep(600)"`;
const FOREIGN: readonly [string, string][] = [
  ['another program that listens in its place', LISTEN],
  [
    'the program with another configuration',
    `${BOOT}cp /usr/local/lib/bellhop/haproxy.cfg /tmp/x.cfg; exec env -i ${RELAY.replace('/usr/local/lib/bellhop/haproxy.cfg', '/tmp/x.cfg')}`,
  ],
  ['the program with something in its environment', `${BOOT}exec env -i LD_LIBRARY_PATH=/tmp ${RELAY}`],
  [
    'the program with libraries from elsewhere',
    `${BOOT}cp /usr/local/lib/bellhop/haproxy/* /tmp; exec env -i ${RELAY.replace('--library-path /usr/local/lib/bellhop/haproxy', '--library-path /tmp')}`,
  ],
  ['a program beside the relay', 'sleep 600 & exec /usr/local/lib/bellhop/entry'],
  ['the relay alone, without the first program', `${BOOT}exec env -i ${RELAY}`],
  ['another first program', 'cp /usr/local/lib/bellhop/entry /tmp/entry; exec env -i /tmp/entry'],
];

test.each(FOREIGN)(
  'a sandbox with %s is refused, and no container of it stays',
  async (_, script) => {
    const { engine, installation, runDir } = fixture;
    const runtime = createSandboxRuntime({ engine, installation, runDir, image: await imageStarting(script) });
    const spec = { id: `foreign${images.length}`, session: 's', runner: 'r', agentUid: uid++, caBundle: 'x' };
    await expect(runtime.provision(spec)).rejects.toMatchObject({ code: 'SandboxRelayForeign' });
    expect(await runtime.state(spec.id)).toBe('missing');
  },
  60_000,
);

/** Starts a program as the relay's user whose parent, once gone, leaves it to the first process of the sandbox. */
async function intrude(sandbox: TestSandbox, command: string): Promise<void> {
  const relay = String(relayUidOf(sandbox.uid));
  await docker('exec', '--user', relay, containerOf(sandbox), '/bin/sh', '-c', `setsid ${command} >/dev/null 2>&1 &`);
  await until(async () => (await processesOf(sandbox)).some((line) => line.includes('600')), 'the intruder');
}

async function processesOf(sandbox: TestSandbox): Promise<string[]> {
  const lines = await docker('exec', '--user', '0', containerOf(sandbox), '/bin/ps', '-eww', '-o', 'uid=,args=');
  return lines.split('\n').filter((line) => line.trim().startsWith(`${relayUidOf(sandbox.uid)} `));
}

test('a running sandbox with something beside its relay is made anew when it is provisioned', async () => {
  const sandbox = await fixture.sandbox();
  await sandbox.run('echo kept > file');
  await intrude(sandbox, 'sleep 600');
  expect(await fixture.runtime.provision(sandbox.spec)).toMatchObject({ created: true });
  expect(await processesOf(sandbox)).toHaveLength(3);
  expect((await sandbox.run('cat file')).output).toBe('kept\n');
});

test.each(['sleep 600', 'sh -c "trap : TERM INT HUP; while :; do sleep 600; done"'])(
  "%s as the relay's user ends with the turn, and the sandbox goes on",
  async (command) => {
    const sandbox = await fixture.sandbox();
    const { incarnation } = await fixture.runtime.provision(sandbox.spec);
    await intrude(sandbox, command);
    await fixture.runtime.endTurn(sandbox.id, sandbox.uid, 1);
    expect(await processesOf(sandbox)).toHaveLength(3);
    expect((await fixture.runtime.provision(sandbox.spec)).incarnation).toBe(incarnation);
    expect((await sandbox.run('echo next', { turn: 2 })).output).toBe('next\n');
  },
);

test("a sandbox in which the image's relay is not to be found ends with the turn", async () => {
  const sandbox = await fixture.sandbox();
  const { Config, HostConfig } = await fixture.engine.docker.getContainer(containerOf(sandbox)).inspect();
  await docker('rm', '--force', '--volumes', containerOf(sandbox));
  const { Hostname, User, WorkingDir, Labels, Env } = Config;
  const replaced = await fixture.engine.docker.createContainer({
    ...{ name: containerOf(sandbox), Image: await imageStarting(LISTEN), Hostname, User, WorkingDir, Labels, Env },
    HostConfig,
  });
  await replaced.start();
  await fixture.runtime.endTurn(sandbox.id, sandbox.uid, 1);
  expect(await fixture.runtime.state(sandbox.id)).toBe('stopped');
});
