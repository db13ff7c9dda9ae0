import type { AccessRuleView, AccessView } from '../../../../demo/page/contract/thread.ts';
import { identityInWords, reachInWords } from '../../../../demo/page/web/slack/reach-in-words.ts';

function rule(action: AccessRuleView['action'], host: string, everywhere: boolean): AccessRuleView {
  return { action, rule: host, host, covers: `any method ${host}`, origin: 'a bundle', everywhere };
}

function access(...rules: AccessRuleView[]): AccessView {
  return {
    policyVersion: 1,
    scope: 'channel:T1:C1',
    identity: { as: 'agent' },
    enabled: true,
    rules,
    servers: [],
    guardrails: [],
  };
}

test('hosts with a credential come first, and one that has both is named once', () => {
  const rules = [
    rule('inject', 'api.test', false),
    rule('forward', 'api.test', true),
    rule('forward', 'docs.test', true),
  ];
  expect(reachInWords(access(...rules))).toBe('Reaches api.test with a credential, docs.test without one');
});

test('a channel that has nothing of its own says that it has the organization’s access', () => {
  expect(reachInWords(access(rule('forward', 'docs.test', true)))).toBe(
    'Reaches docs.test without a credential; the organization’s access, no more',
  );
});

test('servers whose tools may be called are named', () => {
  const own = { ...access(rule('inject', 'git.test', false)), servers: ['acme-tools'] };
  expect(reachInWords(own)).toBe('Reaches git.test with a credential, tools of acme-tools');
  expect(reachInWords({ ...access(), servers: ['acme-tools'] })).toBe('Reaches tools of acme-tools');
});

test('no access, and access that is switched off, are said plainly', () => {
  expect(reachInWords(access())).toBe('Reaches nothing: no access is attached here');
  expect(reachInWords({ ...access(rule('forward', 'docs.test', true)), enabled: false })).toBe(
    'Bellhop is switched off here',
  );
});

test('in whose name it acts is said, and with what of theirs', () => {
  const nameOf = (person: string) => (person === 'U1' ? 'Ada Byron' : person);
  expect(identityInWords({ as: 'agent' }, nameOf)).toBe('Acts as itself, no matter who asks.');
  expect(identityInWords({ as: 'person', person: 'U1', own: [], ofThread: false }, nameOf)).toBe(
    'Acts as Ada Byron, who has connected nothing yet.',
  );
  expect(identityInWords({ as: 'person', person: 'U1', own: ['gitea', 'linear'], ofThread: false }, nameOf)).toBe(
    'Acts as Ada Byron, with their own gitea, linear.',
  );
  expect(identityInWords({ as: 'person', person: 'U1', own: ['gitea'], ofThread: true }, nameOf)).toBe(
    'Acts as the person who begins a thread: here Ada Byron, with their own gitea.',
  );
});
