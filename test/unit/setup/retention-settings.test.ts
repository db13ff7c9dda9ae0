import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { RETENTION_DAYS, RETENTION_KINDS } from '../../../store/retention.ts';
import { retentionOf, retentionVariable, retentionVariables } from '../../../workers/agent/retention-settings.ts';
import { inheritedBy } from '../../../workers/up/environments.ts';

const REFERENCE = readFileSync(path.join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
const schema = z.object(retentionVariables);
const read = (environment: Record<string, string>) => retentionOf(schema.parse(environment));

test('without settings every kind has its default, which is the one in the configuration reference', () => {
  expect(read({})).toEqual(RETENTION_DAYS);
  for (const kind of RETENTION_KINDS) {
    expect(REFERENCE).toContain(`| \`${retentionVariable(kind)}\` | ${RETENTION_DAYS[kind]} |`);
  }
});

test('a kind is kept for so many days, or for ever', () => {
  const environment = { BELLHOP_KEEP_EGRESS_DAYS: '30', BELLHOP_KEEP_FILES_DAYS: 'forever' };
  expect(read(environment)).toMatchObject({ egress: 30, files: null, threads: 365 });
  expect(inheritedBy('agent', environment)).toEqual(environment);
});

test.each([
  ['BELLHOP_KEEP_EGRESS_DAYS', '0'],
  ['BELLHOP_KEEP_EGRESS_DAYS', 'a year'],
  ['BELLHOP_KEEP_INBOX_DAYS', '29'],
])('%s=%s is refused', (name, value) => {
  expect(schema.safeParse({ [name]: value }).success).toBe(false);
});
