import path from 'node:path';
import type { Command } from 'commander';
import { registryMirrors } from '../../setup/registry-mirrors.ts';
import { ApplyError } from '../apply/apply-error.ts';
import { chooseFile, FILES_FROM, readText, shownPath } from '../apply/default-file.ts';
import { openCliContext } from '../context.ts';
import { planFile } from '../plan/plan-file.ts';
import { openPlanMemory } from '../plan/plan-memory.ts';
import { planText } from '../plan/plan-text.ts';

const DAY_MS = 86_400_000;

/** `bellhop plan`: says what the access file would change. Exit code 1 when the file is wrong, or a test in it fails. */
export function register(program: Command): void {
  program
    .command('plan')
    .description(
      'what bellhop.yaml would change, first of all whose reach grows; nothing is changed and no secret is read',
    )
    .argument('[file]', 'bellhop.yaml here, else the file applied last')
    .option('--replay <days>', 'also judge the requests of the last days by the file, such as 7d')
    .option('--files-from <folder>', FILES_FROM)
    .option('--json', 'print the plan as JSON')
    .action(async (named: string | undefined, options: { replay?: string; json?: boolean; filesFrom?: string }) => {
      const days = options.replay === undefined ? null : daysOf(options.replay);
      await using context = await openCliContext();
      const memory = path.join(context.home.folder, 'applied-file');
      const { file, folder } = await chooseFile({ named, filesFrom: options.filesFrom }, memory, process.cwd());
      const text = await readText(file);
      const now = new Date();
      try {
        const replaySince = days === null ? null : new Date(now.getTime() - days * DAY_MS);
        const mirrors = await registryMirrors(process.env);
        const plan = await planFile({
          database: context.database,
          file: shownPath(file),
          text,
          ...(folder !== undefined && { folder }),
          now,
          mirrors,
          replaySince,
        });
        const failed = plan.tests.some(({ passed }) => !passed);
        if (!failed) await openPlanMemory(context.home.folder).keep(text, plan.version);
        console.log(options.json ? JSON.stringify(plan, null, 2) : planText(plan));
        if (failed) process.exitCode = 1;
      } catch (error) {
        if (!options.json || !(error instanceof ApplyError)) throw error;
        console.log(JSON.stringify({ file: shownPath(file), problems: error.problems }, null, 2));
        process.exitCode = 1;
      }
    });
}

function daysOf(text: string): number {
  const [, days] = /^([1-9][0-9]{0,2})d?$/.exec(text) ?? [];
  if (days === undefined) throw new Error(`--replay ${text} is no number of days: write 7d`);
  return Number(days);
}
