import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { registryMirrors } from '../../setup/registry-mirrors.ts';
import { ApplyError } from '../apply/apply-error.ts';
import { applyFile } from '../apply/apply-file.ts';
import { applyText } from '../apply/apply-text.ts';
import { defaultFile, readText, rememberFile, shownPath } from '../apply/default-file.ts';
import { openCliContext } from '../context.ts';
import { openPlanMemory } from '../plan/plan-memory.ts';

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
      const text = await readText(file);
      try {
        const result = await applyFile({
          database: context.database,
          file: shownPath(file),
          text,
          environment: process.env,
          appliedBy: `${os.userInfo().username}@${os.hostname()}`,
          now,
          mirrors: await registryMirrors(process.env),
          dryRun: options.dryRun === true,
          plannedWith: await openPlanMemory(context.home.folder).versionOf(text),
        });
        if (!result.dryRun) await rememberFile(memory, file);
        console.log(options.json ? JSON.stringify(result, null, 2) : applyText(result, now));
      } catch (error) {
        if (!options.json || !(error instanceof ApplyError)) throw error;
        console.log(JSON.stringify({ file: shownPath(file), problems: error.problems }, null, 2));
        process.exitCode = 1;
      }
    });
}
