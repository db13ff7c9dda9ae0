import type { AccessDocument } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { ruleId } from '../../../access/rule-match.ts';
import type { ScopeKey } from '../../../contracts/scope.ts';
import { bundle, connection, documentOf, domain, guardrail } from '../../support/access-document.ts';

const DOCUMENT = documentOf(
  {
    organization: { domains: [domain('docs.a.test')], instructions: 'Be brief.' },
    'workspace:T1': { domains: [domain('wiki.a.test')] },
    'channel:T1:C1': {
      connections: [connection('low', 'low.a.test'), connection('high', 'high.a.test', { priority: 9 })],
      domains: [domain('mid.a.test', { priority: 4 })],
      instructions: 'You look after signups.',
    },
  },
  [guardrail('no-paste', 'paste.a.test')],
);

function rules(scope: ScopeKey, document: AccessDocument = DOCUMENT): string[] {
  return effectiveAccess(document, scope).rules.map((rule) => `${ruleId(rule)} ← ${rule.origin.scope}`);
}

test('a channel has its own, its workspace’s and the organization’s access, most specific first and by priority', () => {
  expect(rules('channel:T1:C1')).toEqual([
    'high ← channel:T1:C1',
    'mid.a.test ← channel:T1:C1',
    'low ← channel:T1:C1',
    'wiki.a.test ← workspace:T1',
    'docs.a.test ← organization',
  ]);
});

test('a channel or group conversation that the document does not name has the access of its workspace and organization', () => {
  expect(rules('channel:T1:C9')).toEqual(['wiki.a.test ← workspace:T1', 'docs.a.test ← organization']);
  expect(rules('group-dm:T2:G1')).toEqual(['docs.a.test ← organization']);
});

test('a person has nothing but the guardrails', () => {
  const access = effectiveAccess(DOCUMENT, 'person:T1:U1');
  expect(access).toMatchObject({ enabled: true, rules: [], instructions: [] });
  expect(access.guardrails).toEqual(DOCUMENT.guardrails);
});

test('instructions are given broadest first, each with its origin', () => {
  const bundles = DOCUMENT.bundles.map((bundle) => ({ ...bundle, instructions: 'Ask politely.' }));
  const { instructions } = effectiveAccess({ ...DOCUMENT, bundles }, 'channel:T1:C1');
  expect(instructions.map(({ origin, text }) => `${origin}: ${text}`)).toEqual([
    'organization: Be brief.',
    'bundle of organization ← organization: Ask politely.',
    'bundle of workspace:T1 ← workspace:T1: Ask politely.',
    'channel:T1:C1: You look after signups.',
    'bundle of channel:T1:C1 ← channel:T1:C1: Ask politely.',
  ]);
});

test('a connection that two bundles of a scope share is one rule', () => {
  const twice: AccessDocument = {
    ...DOCUMENT,
    bundles: [...DOCUMENT.bundles, bundle('again', { connections: ['low'] })],
    scopes: DOCUMENT.scopes.map((scope) =>
      scope.scope === 'channel:T1:C1' ? { ...scope, bundles: [...scope.bundles, 'again'] } : scope,
    ),
  };
  expect(rules('channel:T1:C1', twice).filter((rule) => rule.startsWith('low'))).toHaveLength(1);
});

test('the version is that of the document', () => {
  expect(effectiveAccess({ ...DOCUMENT, version: 7 }, 'organization').policyVersion).toBe(7);
});
