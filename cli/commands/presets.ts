import type { Command } from 'commander';
import { columns } from '../../access/columns.ts';
import { PRESETS } from '../../access/presets/apply-preset.ts';
import type { Preset } from '../../access/presets/preset.ts';

/** `bellhop presets`: lists the services that a connection can name. */
export function register(program: Command): void {
  program
    .command('presets')
    .description('services that a connection can name with `preset:`, and what each needs')
    .option('--json', 'print them as JSON')
    .action((options: { json?: boolean }) => {
      if (options.json) console.log(JSON.stringify(asJson(), null, 2));
      else console.log(presetsText());
    });
}

/** Patterns are printed as text, because JSON has no regular expressions. */
function asJson() {
  return Object.entries(PRESETS).map(([name, { fields, ...preset }]) => ({
    name,
    ...preset,
    fields: Object.entries(fields).map(([field, { pattern, ...rest }]) => ({
      field,
      ...rest,
      pattern: pattern.source,
    })),
  }));
}

/** Fields that the file must or may give: `bucket, region`, `host (usually gitlab.com)`. */
function needs(fields: Preset['fields']): string {
  return Object.entries(fields)
    .map(([name, { default: usual }]) => (usual === undefined ? name : `${name} (usually ${usual})`))
    .join(', ');
}

function presetsText(): string {
  const rows = Object.entries(PRESETS).map(([name, { title, credentials, fields, personal }]) => [
    name,
    title,
    credentials.map(({ kind }) => kind).join(' or '),
    needs(fields) || 'nothing more',
    personal ? 'may be offered to people' : '',
  ]);
  const example = 'bellhop init --preset github bigquery';
  return `${columns([['preset', 'service', 'credential', 'needs', ''], ...rows])}\n\nA file that begins with some of them: ${example}`;
}
