import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { ApplyError } from '../apply/apply-error.ts';
import { applyFile } from '../apply/apply-file.ts';
import { applyText } from '../apply/apply-text.ts';
import { defaultFile, rememberFile } from '../apply/default-file.ts';
import { openCliContext } from '../context.ts';

interface ApplyOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('apply')
    .description('put bellhop.yaml in force, all of it or nothing; running threads feel it within a second')
    .argument('[file]', 'bellhop.yaml here, else the file applied last')
    .option('--dry-run', 'check everything and say what would change')
    .option('--json', 'print the result as JSON')
    .action(async (named: string | undefined, options: ApplyOptions) => {
      await using context = await openCliContext();
      const memory = path.join(context.home.folder, 'applied-file');
      const file = named ?? (await defaultFile(memory, process.cwd()));
      const now = new Date();
      try {
        const result = await applyFile({
          database: context.database,
          file: shown(file),
          text: await readText(file),
          environment: process.env,
          appliedBy: `${os.userInfo().username}@${os.hostname()}`,
          now,
          dryRun: options.dryRun === true,
        });
        if (!result.dryRun) await rememberFile(memory, file);
        console.log(options.json ? JSON.stringify(result, null, 2) : applyText(result, now));
      } catch (error) {
        if (!options.json || !(error instanceof ApplyError)) throw error;
        console.log(JSON.stringify({ file: shown(file), problems: error.problems }, null, 2));
        process.exitCode = 1;
      }
    });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** As short as it can be said from here. */
function shown(file: string): string {
  const relative = path.relative(process.cwd(), path.resolve(file));
  return relative.startsWith('..') ? path.resolve(file) : relative;
}
