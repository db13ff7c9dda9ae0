import { appendFileSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EgressEvent } from '../../../contracts/egress.ts';
import { createEventBudget } from '../../../proxy/events/event-budget.ts';
import { openSpool, SpoolFull } from '../../../proxy/events/spool.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bp-spool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const event = (id: string, more: Partial<EgressEvent> = {}) => ({ id, code: 'connection', ...more }) as EgressEvent;
const open = (maxBytes = 1_000_000, ownRows = 1_000_000) =>
  openSpool({ folder, maxBytes, budget: createEventBudget({ ownRows }) });
const idsOf = (spool: ReturnType<typeof open>) =>
  spool.waiting().flatMap((name) => spool.read(name).map(({ id }) => id));

test('the next process finds finished events in order', () => {
  const spool = open();
  spool.finish(event('a'));
  spool.waiting();
  spool.finish(event('b'));
  expect(idsOf(open())).toEqual(['a', 'b']);
});

test('a request that had begun when the process was killed becomes an interrupted event', () => {
  const spool = open();
  spool.begin(event('a', { outcome: 'injected' }));
  spool.begin(event('b'));
  spool.finish(event('b'));
  const next = open();
  const events = next.waiting().flatMap((name) => next.read(name));
  expect(events.map(({ id, code, outcome }) => ({ id, code, outcome }))).toEqual([
    { id: 'b', code: 'connection', outcome: undefined },
    { id: 'a', code: 'interrupted', outcome: 'injected' },
    // Written by the killed process too; the database keeps the first of one id.
    { id: 'b', code: 'interrupted', outcome: undefined },
  ]);
});

test('a line that was cut by the end of its process damages no other line', () => {
  open().finish(event('a'));
  const [segment = ''] = readdirSync(folder).filter((name) => name.startsWith('segment'));
  appendFileSync(path.join(folder, segment), '{"id":"b","ho');
  expect(idsOf(open())).toEqual(['a']);
});

test('a full spool takes only the ends of requests that have begun', () => {
  const spool = open(300);
  spool.begin(event('a'));
  for (let n = 0; ; n += 1) {
    try {
      spool.finish(event(`x${n}`));
    } catch (error) {
      expect(error).toBeInstanceOf(SpoolFull);
      break;
    }
  }
  expect(() => spool.begin(event('b'))).toThrow(SpoolFull);
  spool.finish(event('a'));
  for (const name of spool.waiting()) spool.remove(name);
  expect(spool.bytes()).toBe(0);
  spool.begin(event('b'));
});

test('begun requests do not grow a file for ever', () => {
  const spool = open(100_000_000);
  for (let n = 0; n < 5_000; n += 1) {
    spool.begin(event(`id-${n}`, { path: 'x'.repeat(1_000) }));
    spool.finish(event(`id-${n}`));
    if (n % 100 === 0) for (const name of spool.waiting()) spool.remove(name);
  }
  spool.close();
  expect(readdirSync(folder)).toContain('open.ndjson');
  expect(idsOf(open()).length).toBeLessThan(200);
});

test('a spool that was full when its process was killed opens again, and takes the rest when there is room', () => {
  const spool = open(20_000);
  for (let n = 0; n < 30; n += 1) spool.begin(event(`begun-${n}`, { reason: 'r'.repeat(100) }));
  expect(() => {
    for (let n = 0; ; n += 1) spool.finish(event(`x${n}`, { sandbox: `s${n}`, reason: 'r'.repeat(100) }));
  }).toThrow(SpoolFull);
  const next = open(20_000);
  expect(() => next.begin(event('b'))).toThrow(SpoolFull);
  expect(idsOf(next)).toEqual(expect.arrayContaining(['begun-0', 'begun-29', 'x0']));
  for (const name of next.waiting()) next.remove(name);
  next.begin(event('b'));
  expect(idsOf(open(20_000))).toEqual(['b']);
});

test('one sandbox cannot fill the spool for the others', () => {
  const spool = open(20_000);
  const fill = (sandbox: string) => {
    let written = 0;
    try {
      for (; ; written += 1) spool.finish(event(`${sandbox}-${written}`, { sandbox, reason: 'r'.repeat(100) }));
    } catch (error) {
      expect(error).toBeInstanceOf(SpoolFull);
      return written;
    }
  };
  const first = fill('s1');
  expect(first).toBeGreaterThan(40);
  const second = fill('s2');
  expect(second).toBeGreaterThan(20);
  spool.begin(event('other', { sandbox: 's3' }));
  spool.finish(event('other', { sandbox: 's3' }));
  expect(() => spool.begin(event('again', { sandbox: 's1' }))).toThrow(SpoolFull);
  for (const name of spool.waiting()) spool.remove(name);
  expect(fill('s1')).toBe(first);
});

test('a folder that cannot be written to is a full spool, until it can be', () => {
  const spool = open();
  spool.begin(event('a'));
  renameSync(folder, `${folder}-away`);
  // The end of what had begun is kept until it can be written, and nothing else begins before.
  spool.finish(event('a', { status: 200 }));
  expect(() => spool.begin(event('b'))).toThrow(SpoolFull);
  expect(() => spool.finish(event('c'))).toThrow(SpoolFull);
  renameSync(`${folder}-away`, folder);
  spool.begin(event('b'));
  spool.finish(event('b'));
  expect(idsOf(spool)).toEqual(['a', 'b']);
});

test('a file of begun requests that cannot be rewritten counts as a full spool', () => {
  const spool = open(100_000_000);
  for (let n = 0; statSync(path.join(folder, 'open.ndjson')).size <= 1024 * 1024; n += 1) {
    spool.begin(event(`id-${n}`, { path: 'x'.repeat(1_000) }));
    spool.finish(event(`id-${n}`));
  }
  renameSync(folder, `${folder}-away`);
  expect(() => spool.begin(event('b'))).toThrow(SpoolFull);
  expect(() => spool.begin(event('b'))).toThrow(SpoolFull);
  renameSync(`${folder}-away`, folder);
  spool.begin(event('b'));
});
