import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');
const HEAD = '| what went wrong | what holds here | test |';

interface Row {
  readonly fault: string;
  readonly file: string;
  readonly name: string;
}

async function rows(): Promise<Row[]> {
  const lines = (await readFile(path.join(ROOT, 'docs', 'reliability.md'), 'utf8')).split('\n');
  const start = lines.indexOf(HEAD) + 2;
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('|'));
  return lines.slice(start, end).map((line) => {
    const [, fault = '', , test = ''] = line.split('|').map((cell) => cell.trim());
    const [, file = '', name = ''] = /^`([^`]+)`: (.+)$/.exec(test) ?? [];
    return { fault, file, name };
  });
}

test('every fault in the table has a test of that name', async () => {
  const found = await rows();
  expect(found.length).toBeGreaterThan(20);
  const missing: Row[] = [];
  for (const row of found) {
    const file = path.join(ROOT, row.file);
    const has = row.file !== '' && existsSync(file) && (await readFile(file, 'utf8')).includes(row.name);
    if (!has) missing.push(row);
  }
  expect(missing).toEqual([]);
});
