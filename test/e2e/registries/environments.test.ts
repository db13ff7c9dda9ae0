/** Environments, from the access file to a command in a sandbox, on the registries of this machine. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { publicHost } from '../../../contracts/registry-hosts.ts';
import { connectEngine } from '../../../docker/engine.ts';
import { ensureSandboxImage } from '../../../docker/sandbox-image.ts';
import { docker } from '../../support/installation/containers.ts';
import { answersIn } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { containerOf } from '../../support/installation/sandboxes.ts';
import { type MachineRegistries, machineRegistries } from '../../support/machine-registries.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { work } from '../security/support/work.ts';

let registries: MachineRegistries;
let folder: TemporaryFolder;
let bellhop: Installation;
/** Makes the images of this run its own. */
const mark = `bellhop-test-${process.pid}`;

const SETUP = `
test "$(id -u)" = 0
test "$COLOUR" = blue
echo ${mark} > /usr/local/share/mark
pip install -q --retries 0 tomlkit==0.12.5
date +%s%N > /usr/local/share/built-at
if curl -sS -m 20 https://api.acme.test/v1/signups > /tmp/refused 2>&1 && ! grep -q blocked /tmp/refused; then exit 5; fi
if (exec 3<>/dev/tcp/127.0.0.2/22) 2>/dev/null; then exit 6; fi
`;

beforeAll(async () => {
  const engine = await connectEngine({ env: process.env });
  const [found, { name: image }] = await Promise.all([machineRegistries(), ensureSandboxImage({ engine })]);
  registries = found;
  folder = await temporaryFolder();
  await writeDockerfile(image);
  const { mirrors, caBundles } = registries;
  bellhop = await startInstallation({
    environment: { BELLHOP_REGISTRY_MIRRORS: JSON.stringify(mirrors) },
    operator: { caBundles, registries: mirrors },
  });
  await apply(SETUP);
}, 500_000);
afterAll(async () => {
  await bellhop?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
  const names = (await docker('images', 'bellhop-environment', '--format', '{{.Repository}}:{{.Tag}}')).split('\n');
  for (const name of names.filter(Boolean)) {
    const history = await docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', name).catch(() => '');
    const label = await docker('inspect', '--format', '{{index .Config.Labels "bellhop.environment"}}', name);
    if (history !== '' && label.startsWith('test-')) await docker('rmi', name).catch(() => undefined);
  }
}, 60_000);

async function apply(setup: string, secops = 'test-broken'): Promise<void> {
  // JSON is YAML.
  const file = {
    organization: { bundles: ['demo'] },
    channels: {
      '#platform-eng': { environment: 'test-node' },
      '#secops': { environment: secops },
    },
    bundles: { demo: { connections: ['acme'] } },
    connections: {
      acme: {
        host: 'api.acme.test',
        addresses: [`127.0.0.1/32:${bellhop.acme.port}`],
        credential: { kind: 'bearer', fromEnv: 'ACME_TOKEN' },
      },
    },
    environments: {
      'test-node': {
        packages: ['tree'],
        setup,
        variables: { COLOUR: 'blue' },
        'memory-mb': 900,
        registries: ['pypi'],
      },
      'test-reports': { dockerfile: 'reports/Dockerfile', registries: ['pypi', 'debian'] },
      'test-broken': { setup: `# ${mark}\necho the last words of the script\nexit 7\necho never` },
    },
  };
  await bellhop.apply(JSON.stringify(file), folder.path);
}

/** Where the access file stands, with a Dockerfile beside it. */
async function writeDockerfile(image: string): Promise<void> {
  const debian = registries.mirrors.debian?.url ?? `http://${publicHost('debian')}/debian`;
  await mkdir(path.join(folder.path, 'reports'));
  await writeFile(path.join(folder.path, 'reports/sources.list'), `deb ${debian} bookworm main\n`);
  await writeFile(path.join(folder.path, 'reports/requirements.txt'), 'tomlkit==0.12.5\n');
  const lines = [
    `FROM ${image}`,
    `ENV COLOUR=green MARK=${mark}`,
    'COPY sources.list /etc/apt/sources.list',
    'COPY requirements.txt /opt/reports/',
    'RUN apt-get update && apt-get install -y --no-install-recommends tree',
    'RUN useradd --create-home builder && chown builder /opt/reports',
    'USER builder',
    'WORKDIR /opt/reports',
    'RUN pip install --retries 0 --target lib -r requirements.txt && id -un > by',
    'RUN ! curl -fsS -m 20 https://api.acme.test/v1/signups',
  ];
  await writeFile(path.join(folder.path, 'reports/Dockerfile'), lines.join('\n'));
}

const LOOK = [
  '$ cat /usr/local/share/mark; tree --version; python3 -c "import tomlkit; print(tomlkit.__version__)"; echo $COLOUR',
  '$ cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; cat /usr/local/share/built-at',
].join('\n');

let builtAt: string;

test('packages, script, variables and memory of an environment are in the sandboxes of its channel', async () => {
  const { steps, message } = await work(bellhop, LOOK, { withinMs: 400_000 });
  expect(steps[0]?.output).toMatch(new RegExp(`^${mark}\ntree v2.*\n0\\.12\\.5\nblue\n$`));
  expect(steps[1]?.output.split('\n')[0]).toBe(String(900 * 1024 * 1024));
  builtAt = steps[1]?.output ?? '';
  expect((await answersIn(bellhop, message)).join('\n')).toContain('The environment test-node is being built');
}, 450_000);

test('the script ran once: the next thread has the same image', async () => {
  const { steps } = await work(bellhop, LOOK, { withinMs: 150_000 });
  expect(steps[1]?.output).toBe(builtAt);
}, 200_000);

test('it reached its registries alone, under a scope of its own, and no credential was attached', async () => {
  const { rows } = await bellhop.database.query<{ host: string; outcome: string; connection: string | null }>(
    `select distinct host, outcome, connection from egress_event where scope = 'environment:test-node'`,
  );
  expect(rows.filter(({ outcome }) => outcome === 'forwarded').length).toBeGreaterThan(1);
  expect(rows.filter(({ outcome, connection }) => outcome === 'injected' || connection !== null)).toEqual([]);
  expect(rows.filter(({ host }) => host === 'api.acme.test').map(({ outcome }) => outcome)).toEqual(['blocked']);
});

test('the image keeps nothing of the build: no certificate, no address of a registry, no process environment', async () => {
  const [image = ''] = (
    await docker('images', '--filter', 'label=bellhop.environment=test-node', '--format', '{{.Repository}}:{{.Tag}}')
  ).split('\n');
  const said = `${await docker('history', '--no-trunc', image)}${await docker('inspect', image)}`;
  expect(said).not.toMatch(/https?:\/\/(?!.*127\.0\.0\.1)\S*(pypi|deb\.)/);
  const left = await docker(
    'run',
    '--rm',
    '--network',
    'none',
    '--entrypoint',
    '/bin/sh',
    image,
    '-c',
    'ls -A /build /run/boot /run/bellhop /tmp /root/.cache 2>&1; cat /etc/apt/sources.list',
  );
  expect(left).not.toMatch(/\.pem|https?:/);
}, 60_000);

test('a change of the script makes a new image; a thread at work keeps its sandbox', async () => {
  const before = await work(bellhop, LOOK, { withinMs: 150_000 });
  const container = await containerOf(bellhop, before.message);
  await apply(`${SETUP}\necho changed`);
  const same = await work(bellhop, '$ cat /usr/local/share/built-at', { after: before });
  expect(await containerOf(bellhop, same.message)).toBe(container);
  const after = await work(bellhop, LOOK, { withinMs: 400_000 });
  expect(after.steps[0]?.exitCode).toBe(0);
  expect(after.steps[1]?.output).not.toBe(builtAt);
}, 500_000);

test('a script that fails tells the thread which one, its exit code and its last lines', async () => {
  const failed = await work(bellhop, '$ true', { channel: '#secops', withinMs: 300_000 });
  expect(failed.state).toBe('failed');
  const said = (await answersIn(bellhop, failed.message)).join('\n');
  expect(said).toContain('The environment test-broken could not be built; running the setup script failed');
  expect(said).toContain('the last words of the script');
  expect(said).toContain('exit code 7');
  expect(said).not.toContain('never');
}, 350_000);

test('a Dockerfile is carried out through the proxy, and its programs, users and variables are in the sandboxes', async () => {
  const look =
    '$ tree --version; PYTHONPATH=/opt/reports/lib python3 -c "import tomlkit; print(tomlkit.__version__)"; cat /opt/reports/by; echo $COLOUR; ls -A /build';
  await apply(SETUP, 'test-reports');
  const { steps, message, state } = await work(bellhop, look, { channel: '#secops', withinMs: 400_000 });
  const said = (await answersIn(bellhop, message)).join('\n');
  if (state === 'failed') throw new Error(said);
  expect(said).toContain('The environment test-reports is being built');
  expect(steps[0]?.output).toMatch(/^tree v2.*\n0\.12\.5\nbuilder\ngreen\nls: cannot access '\/build'/);
  const { rows } = await bellhop.database.query<{ host: string; outcome: string }>(
    `select distinct host, outcome from egress_event where scope = 'environment:test-reports'`,
  );
  expect(rows.filter(({ outcome }) => outcome === 'forwarded').length).toBeGreaterThan(1);
  expect(rows.filter(({ outcome }) => outcome === 'injected')).toEqual([]);
  expect(rows.filter(({ host }) => host === 'api.acme.test')).toMatchObject([{ outcome: 'blocked' }]);
  const [image = ''] = (
    await docker('images', '--filter', 'label=bellhop.environment=test-reports', '--format', '{{.Repository}}:{{.Tag}}')
  ).split('\n');
  const kept = `${await docker('history', '--no-trunc', image)}${await docker('inspect', '--format', '{{json .Config}}', image)}`;
  expect(kept).not.toMatch(/3128|APT_CONFIG/);
}, 450_000);

test('a place without an environment has the usual sandbox', async () => {
  const { steps } = await work(bellhop, '$ ls /usr/local/share/mark; echo "[$COLOUR]"', { channel: '#general' });
  expect(steps[0]?.output).toMatch(/cannot access[\s\S]*\[\]/);
}, 200_000);
