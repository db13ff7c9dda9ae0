import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EgressEvent } from '../../../contracts/egress.ts';
import { openSpool, SpoolFull } from '../../../proxy/events/spool.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bp-spool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const event = (id: string, more: Partial<EgressEvent> = {}) => ({ id, code: 'connection', ...more }) as EgressEvent;
const open = (maxBytes = 1_000_000) => openSpool({ folder, maxBytes });
const idsOf = (spool: ReturnType<typeof open>) =>
  spool.waiting().flatMap((name) => spool.read(name).map(({ id }) => id));

test('what was finished is there for the next process, in order', () => {
  const spool = open();
  spool.finish(event('a'));
  spool.waiting();
  spool.finish(event('b'));
  expect(idsOf(open())).toEqual(['a', 'b']);
});

test('what had begun when the process was killed becomes an interrupted event', () => {
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

test('a line that was cut by the end of its process spoils no other', () => {
  open().finish(event('a'));
  const [segment = ''] = readdirSync(folder).filter((name) => name.startsWith('segment'));
  appendFileSync(path.join(folder, segment), '{"id":"b","ho');
  expect(idsOf(open())).toEqual(['a']);
});

test('a full spool takes nothing more, but the end of what has begun', () => {
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
