import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EgressEvent } from '../../../contracts/egress.ts';
import { createEventBudget } from '../../../proxy/events/event-budget.ts';
import { openSpool } from '../../../proxy/events/spool.ts';

let folder: string;
let serial: number;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bp-budget-'));
  serial = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function request(more: Partial<EgressEvent> = {}): EgressEvent {
  serial += 1;
  return {
    id: `id-${serial}`,
    sandbox: 's1',
    session: 'slack:T1:C1:1.0',
    turn: 1,
    outcome: 'forwarded',
    code: 'domain_entry',
    reason: 'r',
    host: 'pypi.test',
    port: 443,
    path: '/x',
    method: 'GET',
    bytesOut: 10,
    bytesIn: 100,
    ...more,
  } as EgressEvent;
}

const open = (ownRows: number) => openSpool({ folder, maxBytes: 10_000_000, budget: createEventBudget({ ownRows }) });
type Opened = ReturnType<typeof open>;

function pass(spool: Opened, event: EgressEvent): void {
  spool.begin(event);
  spool.finish(event);
}

/** As the database keeps them: of one id the largest sums, else the first. */
function rowsOf(spool: Opened): EgressEvent[] {
  const all = [...spool.waiting().flatMap((name) => spool.read(name)), ...spool.shared()];
  const byId = new Map<string, EgressEvent>();
  for (const row of all) {
    const known = byId.get(row.id);
    if (!known || (row.requests ?? 1) > (known.requests ?? 1)) byId.set(row.id, row);
  }
  return [...byId.values()];
}

const requestsIn = (rows: EgressEvent[]) => rows.reduce((sum, { requests = 1 }) => sum + requests, 0);
const bytesOf = () => readdirSync(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);

test('requests past the limit of a turn share one row for each host and outcome, with exact sums', () => {
  const spool = open(5);
  for (let n = 0; n < 5; n += 1) pass(spool, request());
  for (let n = 0; n < 40; n += 1) pass(spool, request({ path: `/first/${n}` }));
  for (let n = 0; n < 30; n += 1) spool.finish(request({ host: 'evil.test', outcome: 'blocked', code: 'not_allowed' }));
  for (let n = 0; n < 3; n += 1) pass(spool, request({ turn: 2 }));
  const rows = rowsOf(spool);
  expect(rows.filter(({ requests }) => requests === undefined)).toHaveLength(8);
  expect(rows.filter(({ requests }) => requests !== undefined)).toEqual([
    expect.objectContaining({ host: 'pypi.test', outcome: 'forwarded', requests: 40, bytesOut: 400, path: '/first/0' }),
    expect.objectContaining({ host: 'evil.test', outcome: 'blocked', requests: 30, bytesIn: 3_000 }),
  ]);
});

test('a turn that asks for ever new hosts has no more rows than one that asks for a few', () => {
  const spool = open(5);
  for (let n = 0; n < 3_000; n += 1) spool.finish(request({ host: `h${n}.test`, outcome: 'blocked' }));
  const rows = rowsOf(spool);
  expect(rows).toHaveLength(106);
  expect(requestsIn(rows)).toBe(3_000);
  expect(rows.at(-1)).toMatchObject({ host: '*', path: '*', requests: 2_895 });
});

test('a flood while the database is away fills neither the disk nor the spool', () => {
  const spool = open(100);
  const long = { path: `/${'x'.repeat(2_000)}` };
  for (let n = 0; n < 100; n += 1) pass(spool, request(long));
  const filled = spool.bytes();
  for (let n = 0; n < 20_000; n += 1) pass(spool, request(long));
  expect(spool.bytes()).toBe(filled);
  // The file of begun requests is written anew when it has a mebibyte.
  expect(bytesOf()).toBeLessThan(filled + 1.2 * 1024 * 1024);
  expect(requestsIn(rowsOf(spool))).toBe(20_100);
});

test('a proxy that is killed in a flood has counted every request that had begun', () => {
  const spool = open(10);
  for (let n = 0; n < 5_000; n += 1) pass(spool, request());
  const underWay = [request(), request()];
  for (const event of underWay) spool.begin(event);
  // Stored once before the end, as in every round.
  spool.sharedStored(spool.shared());
  for (let n = 0; n < 7; n += 1) pass(spool, request());
  // Nothing is closed: this is how a killed process leaves its files.
  const rows = rowsOf(open(10));
  expect(rows.filter(({ code, requests }) => code === 'interrupted' && !requests).map(({ id }) => id)).toEqual(
    expect.arrayContaining(underWay.map(({ id }) => id)),
  );
  expect(requestsIn(rows)).toBe(5_009);
});

test('a shared row that was stored is given again only when it has grown', () => {
  const spool = open(0);
  pass(spool, request());
  const first = spool.shared();
  pass(spool, request());
  spool.sharedStored(first);
  expect(spool.shared()).toMatchObject([{ requests: 2, id: first[0]?.id }]);
  spool.sharedStored(spool.shared());
  expect(spool.shared()).toEqual([]);
});

test('a begun request is counted although its end could not be written, and no request begins before it is written', () => {
  const spool = open(0);
  const event = request();
  spool.begin(event);
  rmSync(folder, { recursive: true });
  for (let n = 0; n < 3_000; n += 1) {
    // The file is still open, so that it is written until it is long.
    try {
      pass(spool, request({ path: 'x'.repeat(1_000) }));
    } catch {
      break;
    }
  }
  spool.finish(event);
  const counted = spool.shared().reduce((sum, { requests = 1 }) => sum + requests, 0);
  expect(counted).toBeGreaterThan(1);
  expect(() => spool.begin(request())).toThrow('takes nothing more');
});
