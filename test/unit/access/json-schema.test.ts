import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { accessFileSchema } from '../../../access/parse-file/json-schema.ts';

const DEMO = path.join(import.meta.dirname, '../../../demo/bellhop.yaml');

/** Where a file does not fit the schema, as an editor would mark it. Empty where it fits. */
function marks(yaml: string): string[] {
  const validate = new Ajv2020({ strict: false, allErrors: true }).compile(accessFileSchema());
  validate(parse(yaml, { merge: true }));
  return (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}

test('the file of the demo fits the schema', () => {
  expect(marks(readFileSync(DEMO, 'utf8'))).toEqual([]);
});

test('short and long forms fit, and so do presets with their own fields', () => {
  const yaml = `
organization: { bundles: [web] }
bundles:
  web: { domains: [docs.a.test, { host: "*.b.test", methods: read }], registries: [npm] }
connections:
  short: { host: a.test, methods: [GET], credential: { kind: bearer, fromEnv: A } }
  long:
    rules:
      - { deny: a.test, paths: [/x] }
      - { inject: [a.test, b.test], methods: read }
    credential: { kind: basic, fromCommand: [op, read, x] }
  warehouse: { preset: bigquery, project: acme-analytics, credential: { kind: gcp, fromFile: key.json } }
people:
  offer:
    - github
    - { preset: gitea, host: git.acme.test, repositories: [{ repository: "*", access: read }] }
    - { preset: linear, oauth: { client-id: bellhop, fromEnv: LINEAR_SECRET, scopes: [read] } }
  in-channels: never
`;
  expect(marks(yaml)).toEqual([]);
  const direct = (organization: string) => marks(`organization: { ${organization} }`).join();
  expect(direct('direct-messages: off, group-messages: workspace')).toBe('');
  expect(direct('direct-messages: no')).toMatch(/direct-messages enum/);
  expect(marks('channels: { "#ops": { direct-messages: off } }').join()).toMatch(/direct-messages not/);
});

test('an unknown key, an unknown kind, a wrong preset field and what belongs elsewhere are marked', () => {
  const yaml = `
organization: { bundels: [web], identity: requester }
connections:
  a: { host: a.test, credential: { kind: baerer, fromEnv: A } }
  b: { preset: s3, bucket: "*", region: eu-central-1, credential: { kind: aws-sigv4, fromFile: x } }
`;
  const found = marks(yaml).join('\n');
  expect(found).toContain('/organization additionalProperties');
  expect(found).toContain('/organization/identity not');
  expect(found).toMatch(/\/connections\/a\/credential/);
  expect(found).toContain('/connections/b/bucket pattern');
});
