import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { LeaseRequest } from '../../../contracts/egress.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { createEpochFloors, type EpochFloors } from '../../../proxy/lease/epoch-floors.ts';
import { createLeaseTable } from '../../../proxy/lease/lease-table.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bp-floors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fileOf = (sandbox: string) => path.join(folder, `${sandbox}.json`);

const open = () => createEpochFloors({ folder });

function request(sandbox: string): LeaseRequest {
  const epoch = { turn: 4, attempt: 1 };
  const session: SessionId = 'slack:T1:C1:1.1';
  return { sandbox, session, epoch, scope: 'channel:T1:C1', principal: 'agent@channel:T1:C1', requester: 'U1' };
}

test('a floor outlives the process, and is written whole', () => {
  open().raise('s1', { turn: 3, attempt: 2, closed: true });
  expect(open().of('s1')).toEqual({ turn: 3, attempt: 2, closed: true });
  expect(open().of('s2')).toBeNull();
  expect(readdirSync(folder)).toEqual(['s1.json']);
});

test.each([
  ['empty', ''],
  ['half', '{"turn":3,"att'],
  ['of zeros', '\0\0\0\0'],
  ['something else', '{"turn":"3"}'],
])('a file that is %s refuses every lease of its sandbox until a person has removed it', async (_what, content) => {
  writeFileSync(fileOf('s3'), content);
  const floors = open();
  const clock = { now: () => 0 };
  const leases = createLeaseTable({ clock, floors, endConnections: async () => undefined });
  const refusal = expect.objectContaining({ code: 'epochs_unknown', message: expect.stringContaining(fileOf('s3')) });
  expect(() => leases.open(request('s3'))).toThrow(refusal);
  await expect(leases.close('s3', 4)).rejects.toEqual(refusal);
  expect(readFileSync(fileOf('s3'), 'utf8')).toBe(content);
  expect(leases.current('s3')).toBeNull();
  expect(leases.open(request('s4'))).toMatchObject({ state: 'open' });
  rmSync(fileOf('s3'));
  expect(leases.open(request('s3'))).toMatchObject({ state: 'open' });
});

test('a floor that is 90 days old is dropped', () => {
  const floors = open();
  floors.raise('old', { turn: 1, attempt: 1, closed: true });
  floors.raise('new', { turn: 1, attempt: 1, closed: true });
  const then = new Date(Date.now() - 91 * 86_400_000);
  utimesSync(fileOf('old'), then, then);
  floors.prune(Date.now());
  expect(open().of('old')).toBeNull();
  expect(open().of('new')).not.toBeNull();
});

test('an unexpected folder entry does not prevent a start, and its sandbox is refused with a reason', () => {
  mkdirSync(fileOf('s5'));
  symlinkSync('/nowhere/at/all', fileOf('s6'));
  const then = new Date(Date.now() - 91 * 86_400_000);
  utimesSync(fileOf('s5'), then, then);
  const floors = open();
  floors.prune(Date.now());
  const refusal = expect.objectContaining({ code: 'epochs_unknown', message: expect.stringContaining(fileOf('s5')) });
  expect(() => floors.of('s5')).toThrow(refusal);
  rmSync(fileOf('s5'), { recursive: true });
  rmSync(fileOf('s6'));
});

test('when nothing can be written, a lease still closes, and none opens', async () => {
  let full = false;
  const floors = open();
  const raise: EpochFloors['raise'] = (sandbox, floor) => {
    if (full) throw new Error('ENOSPC');
    floors.raise(sandbox, floor);
  };
  const clock = { now: () => 0 };
  const leases = createLeaseTable({ clock, floors: { of: floors.of, raise }, endConnections: async () => undefined });
  leases.open(request('s7'));
  full = true;
  expect(() => leases.open({ ...request('s7'), epoch: { turn: 4, attempt: 2 } })).toThrow('ENOSPC');
  expect(leases.view('s7')).toMatchObject({ state: 'open', epoch: request('s7').epoch });
  await expect(leases.close('s7', request('s7').epoch.turn)).rejects.toThrow('ENOSPC');
  expect(leases.current('s7')).toBeNull();
  expect(() => leases.open(request('s8'))).toThrow('ENOSPC');
  expect(leases.current('s8')).toBeNull();
  full = false;
  expect(leases.open(request('s8'))).toMatchObject({ state: 'open' });
});
