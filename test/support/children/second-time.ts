/** A task that fails the first time, as a build does without its mirror, and does its work the second time. */
import { existsSync, writeFileSync } from 'node:fs';

const marker = process.env.PIP_CONFIG_FILE ?? '';
if (existsSync(marker)) {
  console.log(`built ${process.argv[2]}`);
} else {
  writeFileSync(marker, '');
  console.error(JSON.stringify({ msg: 'E: no mirror\nthe script ended with exit code 100' }));
  process.exitCode = 1;
}
