import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { keyFileIn } from '../../../credentials/key-file.ts';
import { docker } from '../../support/installation/containers.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { containerOf } from '../../support/installation/sandboxes.ts';
import { until } from '../../support/until.ts';
import { type Bait, startBait } from './support/bait.ts';
import { probe, type Tried, type Way } from './support/probe.ts';
import { python, run, type Worked, work } from './support/work.ts';

let bait: Bait;
let bellhop: Installation;
/** A thread with access to the connection, and one without. */
let ours: Worked;
let theirs: Worked;

const SIGNUPS = 'https://api.acme.test/v1/signups';

beforeAll(async () => {
  bait = await startBait();
  bellhop = await startInstallation();
  [ours, theirs] = await Promise.all([
    work(bellhop, `$ curl -sS ${SIGNUPS}`),
    work(bellhop, '$ echo ready', { channel: '#general' }),
  ]);
}, 120_000);
afterAll(async () => {
  await bellhop?.[Symbol.asyncDispose]();
  await bait?.[Symbol.asyncDispose]();
}, 60_000);

/** Another turn of the thread with access. */
async function nextTurn(...lines: readonly string[]): Promise<Worked> {
  ours = await work(bellhop, lines.join('\n'), { after: ours });
  return ours;
}

/** The same with one command; gives what it printed. */
async function next(command: string): Promise<string> {
  return (await nextTurn(`$ ${command}`)).steps[0]?.output ?? '';
}

test('no packet leaves a sandbox: addresses, names, IPv6, vsock and sockets without a file lead nowhere', async () => {
  const subnet = await docker('network', 'inspect', 'bridge', '--format', '{{(index .IPAM.Config 0).Subnet}}');
  const gateway = subnet.replace(/\.0\/\d+$/, '.1');
  const database = new URL(bellhop.databaseUrl('proxy'));
  const temporal = Number(bellhop.temporal.address.split(':')[1]);
  const ways: Way[] = [
    ...[...new Set([gateway, ...bait.addresses])].flatMap((to): Way[] => [
      { name: `tcp ${to}`, kind: 'tcp', to, port: bait.tcpPort },
      { name: `udp ${to}`, kind: 'udp', to, port: bait.udpPort },
    ]),
    { name: "the machine's loopback", kind: 'tcp', to: '127.0.0.1', port: bait.tcpPort },
    { name: "the machine's loopback by IPv6", kind: 'tcp6', to: '::1', port: bait.tcpPort },
    { name: 'PostgreSQL', kind: 'tcp', to: '127.0.0.1', port: Number(database.port) },
    { name: 'Temporal', kind: 'tcp', to: '127.0.0.1', port: temporal },
    { name: 'the outside world', kind: 'tcp', to: '127.0.0.1', port: bellhop.acme.port },
    { name: 'an address on the internet', kind: 'tcp', to: '1.1.1.1', port: 443 },
    { name: 'QUIC', kind: 'udp', to: '1.1.1.1', port: 443 },
    { name: 'IPv6', kind: 'tcp6', to: '2606:4700:4700::1111', port: 443 },
    { name: 'the metadata service', kind: 'tcp', to: '169.254.169.254', port: 80 },
    { name: 'DNS by UDP', kind: 'udp', to: '8.8.8.8', port: 53 },
    { name: 'DNS by TCP', kind: 'tcp', to: '8.8.8.8', port: 53 },
    { name: 'DNS by IPv6', kind: 'udp6', to: '2001:4860:4860::8888', port: 53 },
    // All names lead to its own relay, which takes https and http alone.
    { name: 'a port of a name', kind: 'tcp', to: 'example.com', port: 5432 },
    { name: "a port of the engine's name of its machine", kind: 'tcp', to: 'host.docker.internal', port: bait.tcpPort },
    { name: 'a port of an allowed name', kind: 'tcp', to: 'api.acme.test', port: bellhop.acme.port },
    { name: 'a name that cannot exist', kind: 'name', to: 'example.invalid' },
    { name: 'ping', kind: 'icmp', to: '127.0.0.1' },
    { name: 'raw packets', kind: 'packet', to: '' },
    { name: 'the hypervisor by vsock', kind: 'vsock', to: '2', port: 1024 },
    { name: 'the machine by vsock', kind: 'vsock', to: '1', port: 1024 },
    { name: 'a socket without a file', kind: 'abstract', to: bait.abstract },
    { name: "the engine's socket", kind: 'unix', to: '/var/run/docker.sock' },
    { name: "the proxy's control socket", kind: 'unix', to: `${bellhop.home}/run/control.sock` },
    { name: 'its own socket past the relay', kind: 'unix', to: '/run/bellhop/proxy.sock' },
    { name: 'its other socket past the relay', kind: 'unix', to: '/run/bellhop/direct.sock' },
    { name: 'a server in another sandbox', kind: 'tcp', to: '127.0.0.1', port: 8123 },
  ];
  // Reaches its own server while ours looks for it.
  const serving = run(bellhop, 'python3 -m http.server 8123 & sleep 8; curl -sS localhost:8123 | head -1', {
    after: theirs,
    withinMs: 60_000,
  });
  const other = await containerOf(bellhop, theirs.message);
  const serves = () => docker('exec', other, 'curl', '-s', 'localhost:8123').then(Boolean, () => false);
  await until(serves, 'the server in the other sandbox', 20_000);
  const output = await next(python(probe(ways)));
  theirs = await serving;
  expect(theirs.steps[0]?.output).toContain('<!DOCTYPE');
  const tried = JSON.parse(output) as Tried;
  expect(Object.keys(tried)).toHaveLength(ways.length);
  expect(Object.entries(tried).filter(([, came]) => came === 'open' || /timed out/.test(came))).toEqual([]);

  expect(bait.visits).toBe(0);
  // It does answer whoever is on this machine.
  connect(bait.tcpPort, '127.0.0.1');
  connect(`\0${bait.abstract}`);
  await until(() => bait.visits === 2, 'visits from this machine');
}, 60_000);

test('the loopback is its only interface, with no route to anywhere', async () => {
  const output = await next(
    'ls /sys/class/net; tail -n +2 /proc/net/route | wc -l; grep -vc " lo$" /proc/net/ipv6_route',
  );
  expect(output.split('\n').slice(0, 3)).toEqual(['lo', '0', '0']);
}, 30_000);

test('past the proxy there is nothing: without its variables and with --noproxy the same proxy answers, and an address leads nowhere', async () => {
  const { steps } = await nextTurn(
    `$ curl -sS -m 5 --noproxy '*' ${SIGNUPS}`,
    `$ env -i /usr/bin/curl -sS -m 5 ${SIGNUPS}`,
    '$ env -i /usr/bin/curl -sS -m 5 https://nowhere.acme.test/',
    `$ curl -sS -m 5 --noproxy '*' http://169.254.169.254/latest/meta-data/`,
    `$ curl -sS -m 5 -o /dev/null -w '%{http_connect}' --noproxy '' https://127.0.0.1:${bellhop.acme.port}/`,
    `$ curl -sS -m 5 --noproxy '' http://localhost:${bait.tcpPort}/`,
    `$ curl -sS -m 5 --noproxy '' http://169.254.169.254/latest/meta-data/`,
    '$ curl -sS -m 5 http://metadata.google.internal/',
    '$ curl -sS -m 5 http://host.docker.internal/',
  );
  expect(steps.map(({ output }) => output)).toEqual([
    expect.stringContaining('"caller": "svc-bellhop"'),
    expect.stringContaining('"caller": "svc-bellhop"'),
    expect.stringContaining('"code":"not_allowed"'),
    expect.stringMatching(/Failed to connect|Couldn't connect/),
    expect.stringMatching(/403/),
    expect.stringMatching(/"code":"[a-z_]+"/),
    expect.stringMatching(/"code":"[a-z_]+"/),
    expect.stringMatching(/"code":"[a-z_]+"/),
    expect.stringMatching(/"code":"[a-z_]+"/),
  ]);
  expect(bait.visits).toBe(2);
}, 60_000);

test('a sandbox sees its own sockets alone, and neither replaces nor removes it', async () => {
  const output = await next(
    [
      'find / -type s -not -path "/proc/*" 2>/dev/null',
      'rm -f /run/bellhop/proxy.sock',
      'mv /run/bellhop /tmp/x',
      'touch /run/bellhop/y',
      'python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'/run/bellhop/z.sock\')"',
      `ls -d ${bellhop.home} /var/run/docker.sock`,
      `curl -sS ${SIGNUPS}`,
    ].join(' 2>&1; '),
  );
  expect(output.match(/^\/.*sock$/gm)?.toSorted()).toEqual(['/run/bellhop/direct.sock', '/run/bellhop/proxy.sock']);
  expect(output.match(/Read-only file system|Device or resource busy/g)?.length).toBeGreaterThanOrEqual(4);
  expect(output.match(/No such file or directory/g)).toHaveLength(2);
  expect(output).toContain('"caller": "svc-bellhop"');
}, 30_000);

test('who asks is the socket: no header of another session gives its access', async () => {
  const { rows } = await bellhop.database.query<{ id: string }>('select id from sandbox where session = $1', [
    ours.session,
  ]);
  const claims = [
    `X-Bellhop-Sandbox: ${rows[0]?.id}`,
    `X-Agent-Id: ${rows[0]?.id}`,
    `X-Connection-Id: acme-readonly`,
    'X-Forwarded-For: 127.0.0.1',
  ];
  const headers = claims.map((claim) => `-H '${claim}' --proxy-header '${claim}'`).join(' ');
  const asked = await run(bellhop, `curl -sS --proxy-user ${rows[0]?.id}:x ${headers} ${SIGNUPS}`, { after: theirs });
  theirs = asked;
  expect(asked.output).toContain('"caller": "anonymous"');
  expect(await next(`curl -sS ${SIGNUPS}`)).toContain('"caller": "svc-bellhop"');
}, 60_000);

test('nothing of a turn lives on after it, and between turns the proxy lets nothing through', async () => {
  const loop = `while :; do curl -s -m 2 -o /dev/null -w "%{http_code}\\n" ${SIGNUPS} >> tries; sleep 0.2; done`;
  const output = await next(`setsid nohup sh -c '${loop}' >/dev/null 2>&1 & sleep 1.5; sort tries | uniq -c`);
  expect(output).toMatch(/^\s*[2-9] 200\n$/);

  const container = await containerOf(bellhop, ours.message);
  // Not as the agent's user, whose processes are just being killed.
  const look = (command: string) => docker('exec', container, 'sh', '-c', command);
  await until(async () => (await look('pgrep -fc "[h]ttp_code" || true')) === '0', 'the end of the loop');
  const before = await look('wc -l < /workspace/tries');
  await new Promise((done) => setTimeout(done, 1_500));
  expect(await look('wc -l < /workspace/tries')).toBe(before);

  for (const as of [['-u', '12345'], []]) {
    const ask = (url: string) =>
      docker('exec', ...as, container, 'curl', '-sS', '-m', '5', '-i', url).catch((error: Error) => error.message);
    expect(await ask('http://api.acme.test/v1/signups')).toMatch(/^HTTP\/1.1 503[\s\S]*"code":"no_lease"/);
    expect(await ask(SIGNUPS)).toMatch(/503/);
  }
  const after = await next('sort tries | uniq -c');
  // The lease ends first, and then the processes. Tries between the two are cut (000) or refused (5xx), for at most two seconds.
  // Sorted, those that were cut stand above the 200s.
  expect(after).toMatch(/^(\s*\d+ 000\n)?\s*\d+ 200\n(\s*\d+ 5\d\d\n)?$/);
  const failed = [...after.matchAll(/(\d+) (?:000|5\d\d)\n/g)].map(([, count]) => Number(count));
  for (const count of failed) expect(count).toBeLessThanOrEqual(10);
}, 60_000);

test('the agent cannot end its relay, whatever it kills', async () => {
  const { steps } = await nextTurn('$ kill -9 -1', '$ pkill -9 relay; kill -9 1', `$ curl -sS ${SIGNUPS}`);
  expect(steps.at(-1)?.output).toContain('"caller": "svc-bellhop"');
}, 30_000);

test('symlinks in the workspace show the file tools nothing of the machine', async () => {
  const key = keyFileIn(bellhop.home);
  const keyBefore = await readFile(key);
  const links = [
    '/etc/shadow',
    '/proc/1/environ',
    '/proc/1/root/etc/hostname',
    '/var/run/docker.sock',
    key,
    `../../../../../../..${key}`,
  ];
  const { steps } = await nextTurn(
    `$ ${links.map((target, index) => `ln -s ${target} link${index}`).join('; ')}; ln -s / root; ln -s /etc/hostname name; ls | wc -l`,
    ...links.map((_, index) => `read link${index}`),
    ...links.map((_, index) => `post link${index}`),
    `read root${bellhop.home}/operator.yaml`,
    'read name',
    'write link4',
    '```',
    'overwritten',
    '```',
    'write root/tmp/../etc/bellhop-was-here',
    '```',
    'overwritten',
    '```',
  );
  const told = steps.slice(1).map((step) => step.told);
  expect(told).toHaveLength(16);
  // What is written goes to where the link leads inside the sandbox, which has folders of its own there.
  expect(told[14]).toContain('Wrote 12 bytes');
  expect(await readFile(key)).toEqual(keyBefore);
  expect(told[13]).toContain('sandbox\\n');
  for (const text of told.toSpliced(13, 2)) {
    expect(text).toMatch(/There is no such file|Permission denied|could not be|not a regular file|Read-only/i);
  }
  expect(await bellhop.slack.answers(ours.message).then((all) => all.flatMap(({ files }) => files))).toEqual([]);
}, 60_000);

test('the engine shows the hardening of a sandbox', async () => {
  const container = await containerOf(bellhop, ours.message);
  const [inspected] = JSON.parse(await docker('inspect', container)) as [Inspected];
  expect(inspected.HostConfig).toMatchObject({
    NetworkMode: 'none',
    ReadonlyRootfs: true,
    Privileged: false,
    CapDrop: ['ALL'],
    CapAdd: null,
    Init: true,
    LogConfig: { Type: 'none' },
    IpcMode: 'private',
    PidMode: '',
  });
  expect(inspected.HostConfig.Devices ?? []).toEqual([]);
  const { Memory, NanoCpus, PidsLimit, SecurityOpt } = inspected.HostConfig;
  for (const limit of [Memory, NanoCpus, PidsLimit]) expect(limit).toBeGreaterThan(0);
  expect(SecurityOpt).toEqual(['no-new-privileges', expect.stringContaining('seccomp={')]);
  expect(inspected.Mounts.map(({ Destination, RW }) => [Destination, RW]).sort()).toEqual([
    ['/dev/pts', true],
    ['/run/bellhop', false],
    ['/workspace', true],
  ]);
  expect(inspected.Config.User).not.toMatch(/^(0|root)?(:|$)/);
  expect(await docker('exec', container, 'sh', '-c', 'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status')).toBe(
    'CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2',
  );
}, 30_000);

interface Inspected {
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly Mounts: readonly { readonly Destination: string; readonly RW: boolean }[];
  readonly Config: { readonly User: string };
}
