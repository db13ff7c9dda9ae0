import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createEpochFloors } from '../../../proxy/lease/epoch-floors.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bp-floors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fileOf = (sandbox: string) => path.join(folder, `${sandbox}.json`);

function open() {
  const warnings: string[] = [];
  return { floors: createEpochFloors({ folder, warn: (message) => warnings.push(message) }), warnings };
}

test('a floor outlives the process, and is written whole', () => {
  open().floors.raise('s1', { turn: 3, attempt: 2, closed: true });
  expect(open().floors.of('s1')).toEqual({ turn: 3, attempt: 2, closed: true });
  expect(open().floors.of('s2')).toBeNull();
  expect(readdirSync(folder)).toEqual(['s1.json']);
});

test.each([
  ['empty', ''],
  ['half', '{"turn":3,"att'],
  ['of zeros', '\0\0\0\0'],
  ['something else', '{"turn":"3"}'],
])('a file that is %s refuses nothing, is told once, and is written anew', (_what, content) => {
  writeFileSync(fileOf('s3'), content);
  const { floors, warnings } = open();
  expect(floors.of('s3')).toBeNull();
  expect(floors.of('s3')).toBeNull();
  expect(warnings).toEqual([expect.stringContaining('s3.json is damaged')]);
  floors.raise('s3', { turn: 4, attempt: 1, closed: false });
  expect(JSON.parse(readFileSync(fileOf('s3'), 'utf8'))).toEqual({ turn: 4, attempt: 1, closed: false });
});

test('what is 90 days old is dropped', () => {
  const { floors } = open();
  floors.raise('old', { turn: 1, attempt: 1, closed: true });
  floors.raise('new', { turn: 1, attempt: 1, closed: true });
  const then = new Date(Date.now() - 91 * 86_400_000);
  utimesSync(fileOf('old'), then, then);
  floors.prune(Date.now());
  expect(open().floors.of('old')).toBeNull();
  expect(open().floors.of('new')).not.toBeNull();
});
