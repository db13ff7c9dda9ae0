import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');
/** Rooms that run in a process of the product. */
const ROOMS = ['activities', 'agent', 'cli', 'credentials', 'docker', 'proxy', 'setup', 'slack', 'store', 'workers'];

test('every setting that the code reads is in the configuration reference', async () => {
  const reference = await readFile(path.join(ROOT, 'docs', 'configuration.md'), 'utf8');
  const read = new Set<string>();
  for (const room of ROOMS) {
    const entries = await readdir(path.join(ROOT, room), { recursive: true, withFileTypes: true });
    for (const { name, parentPath } of entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))) {
      const text = await readFile(path.join(parentPath, name), 'utf8');
      for (const [variable] of text.matchAll(/\bBELLHOP_[A-Z_]*[A-Z]\b/g)) read.add(variable);
    }
  }
  expect(read.size).toBeGreaterThan(30);
  expect([...read].filter((variable) => !reference.includes(`\`${variable}\``))).toEqual([]);
});
