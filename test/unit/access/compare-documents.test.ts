import { compareDocuments } from '../../../access/compare-documents.ts';
import { EMPTY_DOCUMENT } from '../../../access/document.ts';
import { connection, documentOf, domain, guardrail } from '../../support/access-document.ts';

const BEFORE = documentOf(
  { organization: { domains: [domain('a.test')] }, 'channel:T1:C1': { connections: [connection('api', 'a.test')] } },
  [guardrail('old', 'b.test')],
);

function changes(before = BEFORE, after = BEFORE): string[] {
  return compareDocuments(before, after).map(({ change, kind, name }) => `${change} ${kind} ${name}`);
}

test('a document changes nothing in itself, stored and read back', () => {
  expect(changes(JSON.parse(JSON.stringify(BEFORE)))).toEqual([]);
});

test('everything of a first document is new', () => {
  expect(changes(EMPTY_DOCUMENT)).toEqual([
    'added scope organization',
    'added scope channel:T1:C1',
    'added bundle bundle of organization',
    'added bundle bundle of channel:T1:C1',
    'added connection api',
    'added guardrail old',
  ]);
});

test('additions, changes and removals are reported by name', () => {
  const after = documentOf(
    { organization: { domains: [domain('a.test'), domain('c.test')], instructions: 'Be brief.' } },
    [guardrail('new', 'b.test')],
  );
  expect(changes(BEFORE, after)).toEqual([
    'changed scope organization',
    'removed scope channel:T1:C1',
    'changed bundle bundle of organization',
    'removed bundle bundle of channel:T1:C1',
    'removed connection api',
    'added guardrail new',
    'removed guardrail old',
  ]);
});

test('a new credential alone does not change a connection', () => {
  const connections = BEFORE.connections.map((each) => ({ ...each, credentialVersion: 2 }));
  expect(changes(BEFORE, { ...BEFORE, version: 2, connections })).toEqual([]);
});
