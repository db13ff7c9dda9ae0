import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { didYouMean } from '../../access/near-names.ts';
import { PRESETS } from '../../access/presets/apply-preset.ts';
import { newFileText } from '../init/file-text.ts';

/** `bellhop init`: writes an access file to begin with. An existing file stays as it is. */
export function register(program: Command): void {
  program
    .command('init')
    .description('write a commented access file for a new workspace; an existing file stays as it is')
    .argument('[file]', 'where to', 'bellhop.yaml')
    .option('--preset <names...>', 'services to begin with, such as github or bigquery (see `bellhop presets`)', [])
    .action(async (file: string, { preset }: { preset: readonly string[] }) => {
      const names = [...new Set(preset.flatMap((each) => each.split(',')))].filter((name) => name !== '');
      for (const name of names) {
        if (Object.hasOwn(PRESETS, name)) continue;
        const known = Object.keys(PRESETS);
        throw new Error(`there is no preset ${name}${didYouMean(name, known)}; known are ${known.join(', ')}`);
      }
      await writeFile(file, newFileText(file, names), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') throw new Error(`${file} is there already, and stays as it is`);
        throw new Error(`${file} cannot be written (${error.code})`);
      });
      console.log(`Wrote ${file}. Fill it in, then: ./bellhop plan ${file}`);
    });
}
