import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { problemsIn } from '../../support/access-yaml.ts';

const PAGE = readFileSync(path.join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
const [SECTION = ''] = /## Access: `bellhop\.yaml`[\s\S]*?(?=\n## |$(?![\s\S]))/.exec(PAGE) ?? [];
const EXAMPLES = [...SECTION.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);

test('the examples on the page of configuration make one file without a problem', () => {
  const written = EXAMPLES.map((yaml) => parse(yaml) as Record<string, object>);
  const file = Object.assign({}, ...written, {
    bundles: Object.assign({ wiki: { domains: ['wiki.acme.test'] } }, ...written.map(({ bundles }) => bundles)),
  });
  expect(Object.keys(file).sort()).toEqual(
    ['bundles', 'channels', 'connections', 'guardrails', 'organization', 'schedules', 'workspace'].sort(),
  );
  expect(problemsIn(stringify(file))).toEqual([]);
});
