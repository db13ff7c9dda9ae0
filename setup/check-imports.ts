/** `npm run check:imports`: names every import that goes the wrong way, with the reason. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { findImports } from './imports/find-imports.ts';
import { refuseImport } from './imports/rooms.ts';

const root = path.join(import.meta.dirname, '..');
const listed = ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx'];
const files = execFileSync('git', listed, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);

let refused = 0;
let seen = 0;
for (const file of files.filter((each) => each.includes('/') && existsSync(path.join(root, each)))) {
  for (const specifier of findImports(readFileSync(path.join(root, file), 'utf8'), file.endsWith('.tsx'))) {
    seen += 1;
    const target = specifier.startsWith('.') ? path.join(path.dirname(file), specifier) : specifier;
    const reason = refuseImport(file, target);
    if (!reason) continue;
    refused += 1;
    console.error(`${file}: imports ${target}, but ${reason}`);
  }
}
console.log(`${seen} imports in ${files.length} files, ${refused} refused`);
process.exit(refused === 0 ? 0 : 1);
