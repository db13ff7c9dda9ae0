/** A child that is ready at once in its first life. In later ones it takes `<ms>`: `slow-again.ts <ms> <file of its first life>`. */
import { existsSync, writeFileSync } from 'node:fs';

const [ms, file = ''] = process.argv.slice(2);
const later = existsSync(file);
writeFileSync(file, '');
setTimeout(() => process.stdout.write(`${JSON.stringify({ ready: 'slow-again' })}\n`), later ? Number(ms) : 0);
process.once('SIGTERM', () => process.exit(0));
setInterval(() => {}, 60_000);
