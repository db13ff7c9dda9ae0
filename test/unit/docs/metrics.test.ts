import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');

async function namesIn(folder: string): Promise<Set<string>> {
  const names = new Set<string>();
  for (const file of await readdir(path.join(ROOT, folder))) {
    if (!file.endsWith('.ts')) continue;
    const text = await readFile(path.join(ROOT, folder, file), 'utf8');
    for (const [, name] of text.matchAll(/'(bellhop_[a-z_]+)'/g)) names.add(name ?? '');
  }
  return names;
}

test('every metric is in the list of docs/operations.md, and the list has no other', async () => {
  const told = new Set([...(await namesIn('workers/signals')), ...(await namesIn('workers/up'))]);
  const operations = await readFile(path.join(ROOT, 'docs', 'operations.md'), 'utf8');
  const section = operations.split('## Metrics')[1]?.split('\n## ')[0] ?? '';
  const listed = new Set([...section.matchAll(/bellhop_[a-z_]+/g)].map(([name]) => name));
  expect(told.size).toBeGreaterThan(15);
  expect([...listed].sort()).toEqual([...told].sort());
});
