import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { registryMirrors } from '../../setup/registry-mirrors.ts';
import { ApplyError } from '../apply/apply-error.ts';
import { applyFile } from '../apply/apply-file.ts';
import { applyText } from '../apply/apply-text.ts';
import { chooseFile, FILES_FROM, readText, rememberFile, shownPath } from '../apply/default-file.ts';
import { openCliContext } from '../context.ts';
import { openPlanMemory } from '../plan/plan-memory.ts';

interface ApplyOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly filesFrom?: string;
}

/** `bellhop apply`: puts the access file in force. Exit code 1 with every problem and its line when something is wrong with it. */
export function register(program: Command): void {
  program
    .command('apply')
    .description('put bellhop.yaml in force, all of it or nothing; running threads feel it within a second')
    .argument('[file]', 'bellhop.yaml here, else the file applied last')
    .option('--files-from <folder>', FILES_FROM)
    .option('--dry-run', 'check everything and say what would change')
    .option('--json', 'print the result as JSON')
    .action(async (named: string | undefined, options: ApplyOptions) => {
      await using context = await openCliContext();
      const memory = path.join(context.home.folder, 'applied-file');
      const chosen = await chooseFile({ named, filesFrom: options.filesFrom }, memory, process.cwd());
      const { file, folder } = chosen;
      const now = new Date();
      const text = await readText(file);
      try {
        const result = await applyFile({
          database: context.database,
          file: shownPath(file),
          text,
          ...(folder !== undefined && { folder }),
          environment: process.env,
          appliedBy: `${os.userInfo().username}@${os.hostname()}`,
          now,
          mirrors: await registryMirrors(process.env),
          dryRun: options.dryRun === true,
          plannedWith: await openPlanMemory(context.home.folder).versionOf(text),
        });
        if (!result.dryRun) await rememberFile(memory, chosen);
        console.log(options.json ? JSON.stringify(result, null, 2) : applyText(result, now));
      } catch (error) {
        if (!options.json || !(error instanceof ApplyError)) throw error;
        console.log(JSON.stringify({ file: shownPath(file), problems: error.problems }, null, 2));
        process.exitCode = 1;
      }
    });
}
