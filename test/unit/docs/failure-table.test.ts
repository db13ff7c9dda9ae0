import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { FAILURES } from '../../../contracts/failures.ts';

const FILE = path.join(import.meta.dirname, '..', '..', '..', 'docs', 'operations.md');

test('the failure table that operators read is the one that the code has', async () => {
  const lines = (await readFile(FILE, 'utf8')).split('\n');
  const start = lines.indexOf('| type | retried | the thread is told | look at |') + 2;
  const written = lines.slice(start, lines.indexOf('', start));
  expect(written).toEqual(
    Object.entries(FAILURES).map(
      ([type, { retry, thread, operator }]) => `| \`${type}\` | ${retry ? 'yes' : 'no'} | ${thread} | ${operator} |`,
    ),
  );
});
