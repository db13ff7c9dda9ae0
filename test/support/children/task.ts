/** A task: says two lines, and what its secret is where it has one, and ends as it is told. */
import { readFileSync } from 'node:fs';

process.stdout.write('one\ntwo\n');
if (process.env.SECRET) {
  const shown = readFileSync('/proc/self/environ', 'utf8').includes(process.env.SECRET);
  process.stdout.write(`${process.env.SECRET}, ${shown ? 'shown to others' : 'not shown to others'}\n`);
}
process.stderr.write('what went wrong\n');
process.exitCode = Number(process.argv[2] ?? 0);
