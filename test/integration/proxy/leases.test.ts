import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { ControlError, createProxyControl } from '../../../proxy/control-client.ts';
import { contention } from '../../support/contention.ts';
import { untilClosed } from './support/sandbox.ts';
import { type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { leaseOf, S1, S2, SCOPE_1, SCOPE_2, sessionOf } from './support/world.ts';

let standard: StandardWorld;
/** How much time is to pass, and how much of it has passed. */
let ahead = 0;
let offset = 0;
/** In steps, as time passes while the proxy looks at its clock. A jump would be a standstill. */
function now(): number {
  offset = Math.min(ahead, offset + 4_000);
  return performance.now() + offset;
}
/** Before the counts of an earlier process are read. */
let onCounts: () => Promise<void>;
beforeEach(async () => {
  ahead = 0;
  offset = 0;
  onCounts = async () => {};
  standard = await startStandardWorld({
    overrides: {
      clock: { now },
      wrapStore: (store) => ({
        ...store,
        counts: async (session, turn) => {
          await onCounts();
          return store.counts(session, turn);
        },
      }),
    },
    onRequest,
  });
});
afterEach(() => standard[Symbol.asyncDispose]());

const onRequest: RequestListener = (request, response) => {
  request.resume();
  if (request.url !== '/endless') response.end('ok');
  else response.write('begun\n');
};

const sandbox = () => standard.world.sandbox(S1);

test('between turns nothing passes', async () => {
  const { world } = standard;
  world.stopBeating(S1);
  await world.control.closeLease(S1, 1);
  expect(await sandbox().request('https://api.a.test/')).toMatchObject({ status: 503, error: { code: 'no_lease' } });
  expect((await sandbox().raw('GET http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n\r\n')).slice(0, 12)).toBe(
    'HTTP/1.1 503',
  );
  await world.openLease(S1, SCOPE_1, 2);
  expect((await sandbox().request('https://api.a.test/')).status).toBe(200);
});

test('without beats the sandbox is cut after 15 seconds, and its open connections end', async () => {
  const { world } = standard;
  const intercepted = await sandbox().tunnel('api.a.test:443');
  const blind = await sandbox().tunnel('tunnel.test:443', { ca: standard.authority.pem });
  const both = Promise.all([untilClosed(intercepted, 5_000), untilClosed(blind, 5_000)]);
  world.stopBeating(S1);
  const following = world.control.followLease(S1, { turn: 1, attempt: 1 });
  following.catch(() => {});
  ahead = 15_001;
  await both;
  await expect(following).rejects.toMatchObject({ code: 'lease_expired' });
  expect(intercepted.destroyed && blind.destroyed).toBe(true);
  expect((await sandbox().request('https://api.a.test/')).error?.code).toBe('no_lease');
  await expect(world.control.renewLease(leaseOf(S1, SCOPE_1))).rejects.toMatchObject({ code: 'lease_expired' });
  // The next attempt of the activity goes on with the counts.
  await world.openLease(S1, SCOPE_1, 1, 2);
  expect((await sandbox().request('https://api.a.test/')).status).toBe(200);
  expect((await world.control.lease(S1)).counts).toMatchObject({ injected: 1, blocked: 0, forwarded: 1 });
});

test('a lower epoch neither opens nor closes, and the higher one goes on', async () => {
  const { world } = standard;
  await world.openLease(S1, SCOPE_1, 5, 2);
  await expect(world.control.openLease(leaseOf(S1, SCOPE_1, 4, 9))).rejects.toBeInstanceOf(ControlError);
  await expect(world.control.openLease(leaseOf(S1, SCOPE_1, 5, 1))).rejects.toMatchObject({ code: 'epoch_too_low' });
  await expect(world.control.closeLease(S1, 4)).rejects.toMatchObject({ code: 'epoch_too_low' });
  await expect(world.control.closeLease(S1, 5, 1)).rejects.toMatchObject({ code: 'epoch_too_low' });
  expect((await sandbox().request('https://api.a.test/')).status).toBe(200);
});

test('who follows a lease sees its counts and gets the last ones when it is closed', async () => {
  const { world } = standard;
  const seen: number[] = [];
  const following = world.control.followLease(
    S1,
    { turn: 1, attempt: 1 },
    { onCounts: ({ injected }) => seen.push(injected) },
  );
  await sandbox().request('https://api.a.test/');
  await sandbox().request('https://pypi.test/');
  await sandbox().request('https://evil.test/');
  await pause(250);
  // Still open when the lease is closed: its event is in the last counts.
  const blind = await sandbox().tunnel('tunnel.test:443', { ca: standard.authority.pem });
  await world.control.closeLease(S1, 1);
  const counts = await following;
  expect(counts).toMatchObject({ injected: 1, forwarded: 2, blocked: 1 });
  expect(counts.bytesOut).toBeGreaterThan(100);
  expect(seen.at(-1)).toBe(1);
  blind.destroy();
});

test('a lease that is taken over tells the one who held it', async () => {
  const { world } = standard;
  const following = world.control.followLease(S1, { turn: 1, attempt: 1 });
  following.catch(() => {});
  await world.control.openLease(leaseOf(S1, SCOPE_1, 1, 2));
  await expect(following).rejects.toMatchObject({ code: 'lease_superseded' });
});

test('following can be given up', async () => {
  const giveUp = new AbortController();
  const following = standard.world.control.followLease(S1, { turn: 1, attempt: 1 }, { signal: giveUp.signal });
  following.catch(() => {});
  await pause(50);
  giveUp.abort(new Error('enough'));
  await expect(following).rejects.toThrow('enough');
});

test('a tool call waits for the lease of its turn, and not for ever', async () => {
  const { world } = standard;
  const waiting = world.control.waitForLease(S1, 2, 5_000);
  await pause(50);
  await world.openLease(S1, SCOPE_1, 2);
  await waiting;
  await expect(world.control.waitForLease(S1, 3, 100)).rejects.toMatchObject({ code: 'lease_timeout' });
});

test('after a restart nothing passes until the lease is opened again, and its counts go on', async () => {
  const { world } = standard;
  await sandbox().request('https://api.a.test/');
  world.stopBeating(S1);
  const following = world.control.followLease(S1, { turn: 1, attempt: 1 });
  following.catch(() => {});
  await world.restart();
  await expect(following).rejects.toBeInstanceOf(ControlError);
  expect((await sandbox().request('https://api.a.test/')).error?.code).toBe('no_lease');
  // The same attempt: its activity lived on. The socket is back without anybody asking for it.
  expect((await world.control.renewLease(leaseOf(S1, SCOPE_1))).counts).toMatchObject({ injected: 1 });
  expect((await sandbox().request('https://api.a.test/')).status).toBe(200);
  await expect(world.control.openLease(leaseOf(S1, SCOPE_1, 1, 0 as never))).rejects.toMatchObject({
    code: 'bad_request',
  });
});

test("another sandbox's lease and socket are untouched", async () => {
  const { world } = standard;
  await world.control.closeLease(S1, 1);
  expect((await world.sandbox(S2).request('https://api.a.test/')).status).toBe(200);
  await world.control.removeListener(S1);
  await expect(
    new Promise((_, reject) => net.connect(`${world.folder}/run/${S1}/proxy.sock`).on('error', reject)),
  ).rejects.toThrow();
  expect((await world.sandbox(S2).request('https://api.a.test/')).status).toBe(200);
  expect((await world.control.listeners()).map((each) => each.sandbox)).toEqual([S2]);
  await expect(world.control.openLease(leaseOf(S1, SCOPE_1, 2))).rejects.toMatchObject({ code: 'not_found' });
});

test('a sandbox that is removed while its lease is being opened has none', async () => {
  const { world } = standard;
  let counted: () => void = () => {};
  const counting = new Promise<void>((resolve) => {
    onCounts = async () => {
      resolve();
      await new Promise<void>((done) => {
        counted = done;
      });
    };
  });
  const opening = world.control.openLease(leaseOf(S1, SCOPE_1, 2));
  opening.catch(() => {});
  await counting;
  await world.control.removeListener(S1);
  counted();
  await expect(opening).rejects.toMatchObject({ code: 'not_found' });
  expect(await world.control.lease(S1)).toMatchObject({ state: 'none' });
  expect(await world.control.health()).toMatchObject({ leases: 1, sandboxes: 1 });
});

test('the control socket says what is wrong with a request, and which sandbox is unknown', async () => {
  const { control } = standard.world;
  await expect(control.ensureListener('../evil', 1)).rejects.toMatchObject({ code: 'bad_request' });
  await expect(control.openLease({ ...leaseOf(S1, SCOPE_1), scope: 'nonsense' as never })).rejects.toMatchObject({
    code: 'bad_request',
  });
  await expect(control.openLease({ ...leaseOf(S1, SCOPE_2, 1, 2) })).rejects.toMatchObject({ code: 'bad_request' });
  await expect(control.followLease('nobody', { turn: 1, attempt: 1 })).rejects.toMatchObject({ code: 'not_found' });
  expect(await control.health()).toMatchObject({ database: 'up', policy: { version: 1 }, leases: 2, sandboxes: 2 });
  const nobody = createProxyControl({ socketPath: '/tmp/there-is-no-such.sock' });
  await expect(nobody.health()).rejects.toMatchObject({ code: 'proxy_unreachable' });
  await nobody.close();
});

test('the agent can read the last denials of its turn', async () => {
  await sandbox().request('https://evil.test/x?token=1');
  const text = await sandbox().raw('GET http://proxy.internal/status HTTP/1.1\r\nHost: proxy.internal\r\n\r\n');
  const page = JSON.parse(text.slice(text.indexOf('\r\n\r\n')).replace(/^[^{]*|[^}]*$/g, ''));
  expect(page).toMatchObject({
    turn: 1,
    denials: [{ code: 'not_allowed', host: 'evil.test', port: 443, method: 'CONNECT' }],
  });
});

test('a change of the policy acts on the next request of an open connection, and on open tunnels', async () => {
  const { world, policy } = standard;
  const blind = await sandbox().tunnel('tunnel.test:443', { ca: standard.authority.pem });
  const closed = untilClosed(blind, 5_000);
  const inside = await sandbox().tunnel('pypi.test:443');
  inside.write('GET /a HTTP/1.1\r\nHost: pypi.test\r\n\r\n');
  expect(await untilClosed(inside, 300)).toContain('200 OK');
  const started = Date.now();
  await world.apply({ ...policy, attached: { [SCOPE_1]: { connections: ['gh'] } } });
  await closed;
  expect(Date.now() - started).toBeLessThan(1_000 * contention());
  inside.write('GET /b HTTP/1.1\r\nHost: pypi.test\r\n\r\n');
  expect(await untilClosed(inside, 300)).toContain('403 Forbidden');
  inside.destroy();
});

test('a change of the policy ends an answer that is under way, when it takes its rule away', async () => {
  const { world, policy } = standard;
  const socket = await sandbox().tunnel('pypi.test:443');
  socket.write('GET /endless HTTP/1.1\r\nHost: pypi.test\r\n\r\n');
  await pause(200);
  await world.apply({
    ...policy,
    guardrails: [{ id: 'other', host: 'x.test', port: null, methods: [], paths: [], line: 0, reason: '' }],
  });
  await pause(200);
  expect(socket.destroyed).toBe(false);
  const closed = untilClosed(socket, 5_000);
  const started = Date.now();
  await world.apply({ ...policy, attached: { [SCOPE_1]: { connections: ['gh'] } } });
  await closed;
  expect(Date.now() - started).toBeLessThan(1_000 * contention());
  const event = (await world.events(S1, 1)).at(-1);
  expect(event).toMatchObject({ code: 'policy_changed', outcome: 'forwarded', path: '/endless', status: 200 });
});

test('switching the agent off ends tunnels and answers within a second, and nothing passes any more', async () => {
  const { world, policy } = standard;
  const blind = await sandbox().tunnel('tunnel.test:443', { ca: standard.authority.pem });
  const streaming = await sandbox().tunnel('pypi.test:443');
  const begun = once(streaming, 'data');
  streaming.write('GET /endless HTTP/1.1\r\nHost: pypi.test\r\n\r\n');
  await begun;
  const closed = Promise.all([untilClosed(blind, 5_000), untilClosed(streaming, 5_000)]);
  const started = Date.now();
  await world.apply({ ...policy, attached: { ...policy.attached, organization: { enabled: false } } });
  await closed;
  expect(Date.now() - started).toBeLessThan(1_000 * contention());
  for (const url of ['https://api.a.test/', 'https://pypi.test/', 'https://tunnel.test/']) {
    expect(await sandbox().request(url)).toMatchObject({ status: 403, error: { code: 'disabled' } });
  }
});

test('a change of the policy is noticed without a notification', async () => {
  const { world } = standard;
  await world.database.database.query(
    `insert into policy (version, document, source, applied_by)
     select version + 1, jsonb_set(document, '{scopes}', '[]'), source, applied_by from policy order by version desc limit 1`,
  );
  const started = Date.now();
  while ((await sandbox().request('https://pypi.test/')).status === 200) await pause(20);
  expect(Date.now() - started).toBeLessThan(1_500 * contention());
});

test('events carry the session, turn, principal, requester and scope of the lease', async () => {
  await sandbox().request('https://api.a.test/');
  const [event] = await standard.world.events(S1, 1);
  expect(event).toMatchObject({
    session: sessionOf(S1),
    turn: 1,
    principal: `agent@${SCOPE_1}`,
    requester: 'U1',
    scope: SCOPE_1,
    rule: 'gh',
    connection: 'gh',
    ruleScope: SCOPE_1,
  });
});
