import { decide } from '../../../access/decide.ts';
import type { AccessDocument, ScopeAccess } from '../../../access/document.ts';
import { effectiveAccess, indexAccess } from '../../../access/effective-access.ts';
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

describe('direct messages and group messages', () => {
  const saying = (said: Partial<Record<'organization' | 'workspace:T1', Partial<ScopeAccess>>>): AccessDocument => ({
    ...DOCUMENT,
    scopes: DOCUMENT.scopes.map((each) => ({ ...each, ...said[each.scope as keyof typeof said] })),
  });
  const off = (scope: ScopeKey, document: AccessDocument) => indexAccess(document).whyOff(scope);

  test('one-to-one is on and a group is off when the file does not say', () => {
    expect(off('person:T1:U1', DOCUMENT)).toBeNull();
    expect(off('group-dm:T1:G1', DOCUMENT)).toBe('group-messages');
    expect(effectiveAccess(DOCUMENT, 'group-dm:T1:G1').enabled).toBe(false);
  });

  test('the workspace is nearer than the organization', () => {
    const said = saying({
      organization: { directMessages: 'off', groupMessages: 'workspace' },
      'workspace:T1': { directMessages: 'on', groupMessages: 'off' },
    });
    expect(off('person:T1:U1', said)).toBeNull();
    expect(off('person:T2:U1', said)).toBe('direct-messages');
    expect(off('group-dm:T1:G1', said)).toBe('group-messages');
    expect(off('group-dm:T2:G1', said)).toBeNull();
  });

  test('a group that is on has the bundles of its workspace and the organization, and none of a channel', () => {
    const said = saying({ organization: { groupMessages: 'workspace' } });
    expect(effectiveAccess(said, 'group-dm:T1:G1').enabled).toBe(true);
    expect(rules('group-dm:T1:G1', said)).toEqual(['wiki.a.test ← workspace:T1', 'docs.a.test ← organization']);
  });

  test('a request of a direct message that is switched off is blocked', () => {
    const access = effectiveAccess(saying({ organization: { directMessages: 'off' } }), 'person:T1:U1');
    const request = { method: 'GET', scheme: 'https', host: 'docs.a.test', port: 443, path: '/' } as const;
    expect(decide(request, access)).toMatchObject({ outcome: 'blocked', code: 'disabled' });
  });

  test('an organization that is switched off is so for both', () => {
    const said = saying({ organization: { enabled: false, groupMessages: 'workspace' } });
    expect(off('person:T1:U1', said)).toBe('disabled');
    expect(off('group-dm:T2:G1', said)).toBe('disabled');
  });
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
