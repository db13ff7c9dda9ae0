import type { EgressEvent, LeaseRequest } from '../../../contracts/egress.ts';
import type { ControlError } from '../../../proxy/control/protocol.ts';
import { createVolatileFloors } from '../../../proxy/lease/epoch-floors.ts';
import { createLeaseTable, type Lease } from '../../../proxy/lease/lease-table.ts';

function request(turn: number, attempt = 1, sandbox = 's1'): LeaseRequest {
  return {
    sandbox,
    session: 'slack:T1:C1:1.1',
    epoch: { turn, attempt },
    scope: 'channel:T1:C1',
    principal: 'agent@channel:T1:C1',
    requester: 'U1',
  };
}

function setUp() {
  const clock = { now: () => time };
  let time = 1_000;
  const ended: Lease[] = [];
  const floors = createVolatileFloors();
  const options = { clock, floors, endConnections: async (lease: Lease) => void ended.push(lease) };
  return {
    table: createLeaseTable(options),
    restarted: () => createLeaseTable(options),
    ended,
    pass: (ms: number) => (time += ms),
  };
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as ControlError).code;
  }
  return 'done';
}

test('a lease lives for 15 seconds after its last renewal and not a moment longer', async () => {
  const { table, pass, ended } = setUp();
  table.open(request(1));
  pass(14_999);
  expect(table.current('s1')).not.toBeNull();
  table.open(request(1));
  pass(14_999);
  expect(table.current('s1')).not.toBeNull();
  pass(1);
  expect(table.current('s1')).toBeNull();
  await Promise.resolve();
  expect(table.view('s1')).toMatchObject({ state: 'closed', ending: 'expired' });
  expect(ended).toHaveLength(1);
});

test('an expired lease is not renewed, only taken over by the next attempt', () => {
  const { table, pass } = setUp();
  table.open(request(1));
  pass(20_000);
  expect(codeOf(() => table.open(request(1)))).toBe('lease_expired');
  expect(table.open(request(1, 2)).state).toBe('open');
});

test('a lower epoch neither opens nor closes', async () => {
  const { table } = setUp();
  table.open(request(3, 2));
  expect(codeOf(() => table.open(request(2, 9)))).toBe('epoch_too_low');
  expect(codeOf(() => table.open(request(3, 1)))).toBe('epoch_too_low');
  await expect(table.close('s1', 2)).rejects.toMatchObject({ code: 'epoch_too_low' });
  await expect(table.close('s1', 3, 1)).rejects.toMatchObject({ code: 'epoch_too_low' });
  expect(table.current('s1')).not.toBeNull();
});

test('a closed turn never opens again, by whatever attempt; the next turn does', async () => {
  const { table, ended } = setUp();
  table.open(request(1));
  expect(await table.close('s1', 1)).toMatchObject({ state: 'closed', ending: 'closed' });
  expect(ended).toHaveLength(1);
  expect(codeOf(() => table.open(request(1)))).toBe('turn_closed');
  expect(codeOf(() => table.open(request(1, 7)))).toBe('turn_closed');
  expect(table.open(request(2)).state).toBe('open');
});

test('a turn that was closed before it opened does not open any more', async () => {
  const { table } = setUp();
  await table.close('s1', 4);
  expect(codeOf(() => table.open(request(4)))).toBe('turn_closed');
  expect(codeOf(() => table.open(request(3)))).toBe('epoch_too_low');
});

test('a refused epoch stays refused after a restart, and no lease is open then', async () => {
  const { table, restarted } = setUp();
  table.open(request(5, 2));
  const next = restarted();
  expect(next.current('s1')).toBeNull();
  expect(codeOf(() => next.open(request(4)))).toBe('epoch_too_low');
  expect(codeOf(() => next.open(request(5, 1)))).toBe('epoch_too_low');
  expect(next.open(request(5, 2), { injected: 3, forwarded: 0, blocked: 1, bytesOut: 9 }).counts.injected).toBe(3);
  await next.close('s1', 5);
  expect(codeOf(() => restarted().open(request(5, 3)))).toBe('turn_closed');
});

test('a higher attempt of the same turn takes over with the counts; a higher turn ends it', () => {
  const { table, ended } = setUp();
  table.open(request(1));
  const lease = table.current('s1');
  if (!lease) throw new Error('no lease');
  table.count(lease, { outcome: 'blocked', bytesOut: 5 } as EgressEvent);
  expect(table.open(request(1, 2)).counts).toEqual({ injected: 0, forwarded: 0, blocked: 1, bytesOut: 5 });
  expect(table.current('s1')).toBe(lease);
  table.open(request(2));
  expect(ended).toEqual([lease]);
  expect(table.current('s1')).not.toBe(lease);
  expect(table.view('s1').counts.blocked).toBe(0);
});

test("another holder cannot take over a turn's lease", () => {
  const { table } = setUp();
  table.open(request(1));
  expect(codeOf(() => table.open({ ...request(1, 2), scope: 'channel:T1:C2' }))).toBe('bad_request');
});

test('leases of different sandboxes have nothing to do with each other', async () => {
  const { table } = setUp();
  table.open(request(1));
  table.open(request(1, 1, 's2'));
  await table.close('s1', 1);
  expect(table.current('s2')).not.toBeNull();
  expect(table.openCount()).toBe(1);
});

test('the last twenty denials of a turn are kept', () => {
  const { table } = setUp();
  table.open(request(1));
  const lease = table.current('s1') as Lease;
  for (let n = 0; n < 25; n += 1) table.count(lease, { id: String(n), outcome: 'blocked', bytesOut: 0 } as EgressEvent);
  expect(lease.denials).toHaveLength(20);
  expect(lease.denials.at(-1)?.id).toBe('24');
});

test('the end is told when the last connection is gone and counted, not before', async () => {
  let gone = () => {};
  const table = createLeaseTable({
    clock: { now: () => 0 },
    floors: createVolatileFloors(),
    endConnections: () => new Promise((resolve) => (gone = resolve)),
  });
  table.open(request(1));
  const lease = table.current('s1') as Lease;
  const closing = table.close('s1', 1);
  expect(table.current('s1')).toBeNull();
  expect(table.view('s1')).toMatchObject({ state: 'closed', ending: null });
  table.count(lease, { outcome: 'forwarded', bytesOut: 7 } as EgressEvent);
  gone();
  expect(await closing).toMatchObject({ ending: 'closed', counts: { forwarded: 1, bytesOut: 7 } });
});
