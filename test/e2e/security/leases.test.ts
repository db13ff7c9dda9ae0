import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LeaseRequest } from '../../../contracts/egress.ts';
import { channelScope, principalOf } from '../../../contracts/scope.ts';
import { createProxyControl, type ProxyControl } from '../../../proxy/control-client.ts';
import { docker } from '../../support/installation/containers.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { containerOf } from '../../support/installation/sandboxes.ts';
import { TEAM } from '../../support/installation/turns.ts';
import { until } from '../../support/until.ts';
import { type SlowOrigin, startSlowOrigin } from './support/slow-origin.ts';
import { type Worked, work } from './support/work.ts';

const SLOW = 'slow.origin.test';
const SIGNUPS = 'https://api.acme.test/v1/signups';

let folder: string;
let origin: SlowOrigin;
let bellhop: Installation;
let control: ProxyControl;
let last: Worked;
let sandbox: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'bh-o-'));
  const authorityFile = path.join(folder, 'authority.pem');
  origin = await startSlowOrigin(SLOW, authorityFile);
  bellhop = await startInstallation({
    operator: {
      hosts: { [SLOW]: `127.0.0.1:${origin.port}` },
      ceilings: [{ range: '127.0.0.1/32', ports: [origin.port] }],
      caBundles: [authorityFile],
    },
  });
  const demo = await bellhop.demoFile();
  const entry = `- { host: ${SLOW}, addresses: ["127.0.0.1/32:${origin.port}"] }`;
  await bellhop.apply(demo.replace('- { host: docs.acme.test', `${entry}\n      - { host: docs.acme.test`));
  control = createProxyControl({ socketPath: path.join(bellhop.home, 'run', 'control.sock') });
  last = await work(bellhop, '$ echo ready');
  const { rows } = await bellhop.database.query<{ id: string }>('select id from sandbox where session = $1', [
    last.session,
  ]);
  sandbox = rows[0]?.id ?? '';
}, 120_000);

afterAll(async () => {
  await control?.close();
  await bellhop?.[Symbol.asyncDispose]();
  await origin?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** Another turn of the thread, going on. */
function begin(...commands: readonly string[]): Promise<Worked> {
  return work(bellhop, commands.map((command) => `$ ${command}`).join('\n'), { after: last, withinMs: 90_000 });
}

function request(turn: number, attempt: number, changes: Partial<LeaseRequest> = {}): LeaseRequest {
  const scope = channelScope(TEAM, last.message.channel);
  const principal = principalOf(scope);
  return {
    sandbox,
    session: last.session,
    epoch: { turn, attempt },
    scope,
    principal,
    requester: last.message.user,
    ...changes,
  };
}

test('a lower epoch can neither open nor close the lease of a running turn', async () => {
  const working = begin('sleep 4', `curl -sS ${SIGNUPS}`);
  await control.waitForLease(sandbox, last.turn + 1, 20_000);
  const held = await control.lease(sandbox);
  expect(held).toMatchObject({ state: 'open', epoch: { turn: last.turn + 1, attempt: 1 } });

  await expect(control.openLease(request(last.turn, 99))).rejects.toMatchObject({ code: 'epoch_too_low' });
  await expect(control.closeLease(sandbox, last.turn)).rejects.toMatchObject({ code: 'epoch_too_low' });
  await expect(control.closeLease(sandbox, last.turn, 99)).rejects.toMatchObject({ code: 'epoch_too_low' });
  const stranger = request(last.turn + 1, 1, { requester: 'U00000GRACE' });
  await expect(control.openLease(stranger)).rejects.toMatchObject({ code: 'bad_request' });
  expect((await control.lease(sandbox)).epoch).toEqual(held.epoch);

  last = await working;
  expect(last.steps[1]?.output).toContain('"caller": "svc-bellhop"');
  await until(async () => (await control.lease(sandbox)).state === 'closed', 'the end of the lease');
  await expect(control.openLease(request(last.turn, 99))).rejects.toMatchObject({ code: 'turn_closed' });
}, 60_000);

test('a process of another user that outlives the turn loses its connections at the end of the turn', async () => {
  const working = begin('sleep 3');
  await control.waitForLease(sandbox, last.turn + 1, 20_000);
  const container = await containerOf(bellhop, last.message);
  const ended = docker('exec', '-u', '12345', container, 'curl', '-sS', '-o', '/dev/null', `https://${SLOW}/`).then(
    () => 'a whole answer',
    () => 'cut off',
  );
  await until(() => origin.open === 1, 'the download');
  last = await working;
  await until(() => origin.open === 0, 'the end of the download');
  expect(await ended).toBe('cut off');
}, 60_000);

test('without beats a sandbox is cut off within 15 seconds, and goes on once they are back', async () => {
  const working = begin(`curl -sS https://${SLOW}/ -o got; echo cut off`, `curl -sS ${SIGNUPS}`);
  await until(() => origin.open === 1, 'the download', 30_000);
  const { pid } = bellhop.processes.runner;
  process.kill(pid, 'SIGSTOP');
  try {
    const stopped = performance.now();
    await until(() => origin.open === 0, 'the end of the download', 20_000);
    const seconds = (performance.now() - stopped) / 1000;
    expect(seconds).toBeGreaterThan(5);
    expect(seconds).toBeLessThan(15.5);
    const container = await containerOf(bellhop, last.message);
    const ask = docker('exec', container, 'curl', '-sS', 'http://api.acme.test/');
    expect(await ask).toContain('"code":"no_lease"');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  last = await working;
  expect(last.steps[0]?.output).toContain('cut off');
  expect(last.steps[1]?.output).toContain('"caller": "svc-bellhop"');
}, 120_000);
