import path from 'node:path';
import type { Command } from 'commander';
import { registryMirrors } from '../../setup/registry-mirrors.ts';
import { chooseFile, FILES_FROM, readText, shownPath } from '../apply/default-file.ts';
import { openCliContext } from '../context.ts';
import { planFile } from '../plan/plan-file.ts';
import { testsText } from '../plan/tests-text.ts';

/** `bellhop test`: runs the tests of the access file. Exit code 1 when one fails. */
export function register(program: Command): void {
  program
    .command('test')
    .description('run the tests of bellhop.yaml against its own rules; `plan` and `apply` do it too')
    .argument('[file]', 'bellhop.yaml here, else the file applied last')
    .option('--files-from <folder>', FILES_FROM)
    .option('--json', 'print the results as JSON')
    .action(async (named: string | undefined, options: { json?: boolean; filesFrom?: string }) => {
      await using context = await openCliContext();
      const memory = path.join(context.home.folder, 'applied-file');
      const { file, folder } = await chooseFile({ named, filesFrom: options.filesFrom }, memory, process.cwd());
      const text = await readText(file);
      const shown = shownPath(file);
      const { tests } = await planFile({
        database: context.database,
        file: shown,
        text,
        ...(folder !== undefined && { folder }),
        now: new Date(),
        mirrors: await registryMirrors(process.env),
        replaySince: null,
      });
      if (options.json) console.log(JSON.stringify({ file: shown, tests }, null, 2));
      else
        console.log(
          tests.length === 0 ? `${shown} has no tests: write some under \`tests:\`` : testsText(shown, tests),
        );
      if (tests.some(({ passed }) => !passed)) process.exitCode = 1;
    });
}
