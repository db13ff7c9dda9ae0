import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { currentPolicyRecord } from '../../store/policy.ts';
import { openCliContext } from '../context.ts';

/** `bellhop export`: prints the access file in force, or writes it to a new file. An existing file stays as it is. */
export function register(program: Command): void {
  program
    .command('export')
    .description('the access file that is in force, as it was applied; applying it again changes nothing')
    .argument('[file]', 'where to, a new file; else it is printed')
    .action(async (file: string | undefined) => {
      await using context = await openCliContext();
      const record = await currentPolicyRecord(context.database);
      if (!record) throw new Error('no access file was applied yet: `bellhop init` writes one to begin with');
      if (file === undefined) {
        process.stdout.write(record.source);
        return;
      }
      await writeFile(file, record.source, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') throw new Error(`${file} is there already, and stays as it is`);
        throw new Error(`${file} cannot be written (${error.code})`);
      });
      console.log(
        `Policy ${record.version}, applied by ${record.appliedBy} at ${record.appliedAt.toISOString()}, is in ${file}.`,
      );
    });
}
