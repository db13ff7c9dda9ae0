import type { Command } from 'commander';
import { accessFileSchema } from '../../access/parse-file/json-schema.ts';

/** `bellhop schema`: prints the JSON Schema of the access file. */
export function register(program: Command): void {
  program
    .command('schema')
    .description('a JSON Schema of bellhop.yaml, for editors')
    .addHelpText('after', EXAMPLE)
    .action(() => console.log(JSON.stringify(accessFileSchema(), null, 2)));
}

const EXAMPLE = `
Save it beside the file, and name it in the file's first line:
  bellhop schema > bellhop.schema.json
  # yaml-language-server: $schema=bellhop.schema.json`;
