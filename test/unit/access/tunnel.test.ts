import type { Guardrail } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { decideTunnel } from '../../../access/tunnel.ts';
import { type AttachedRules, connection, documentOf, domain, guardrail, rule } from '../../support/access-document.ts';

const BLIND: AttachedRules = { domains: [domain('pin.a.test', { transport: 'tunnel' })] };

function tunnel(channel: AttachedRules, organization: AttachedRules, guardrails: Guardrail[] = [], port = 443) {
  const document = documentOf({ organization, 'channel:T1:C1': channel }, guardrails);
  return decideTunnel('pin.a.test', port, effectiveAccess(document, 'channel:T1:C1'));
}

test('a domain entry that says so is a blind tunnel, and the decision names it', () => {
  expect(tunnel({}, BLIND)).toMatchObject({ outcome: 'forwarded', rule: { match: { id: 'pin.a.test' } } });
});

test.each<[string, AttachedRules, AttachedRules, Guardrail[], number]>([
  ['another port', {}, BLIND, [], 8443],
  ['a scope that is switched off', { enabled: false }, BLIND, [], 443],
  [
    'a guardrail on the host, which must see requests',
    {},
    BLIND,
    [guardrail('g', '*.a.test', { methods: ['PUT'] })],
    443,
  ],
  ['a narrower entry that intercepts', { domains: [domain('pin.a.test', { methods: ['GET'] })] }, BLIND, [], 443],
  ['a connection in scope', { connections: [connection('gh', 'pin.a.test')] }, BLIND, [], 443],
  ['a connection on another port', { connections: [connection('gh', 'pin.a.test', { port: 1 })] }, BLIND, [], 443],
  [
    'a connection that only denies there',
    { connections: [connection('gh', '', { rules: [rule('deny', 'pin.a.test', { paths: ['/x'] })] })] },
    BLIND,
    [],
    443,
  ],
  ['a broader connection', BLIND, { connections: [connection('gh', 'pin.a.test')] }, [], 443],
])('no tunnel for %s', (_name, channel, organization, guardrails, port) => {
  expect(tunnel(channel, organization, guardrails, port)).toBeNull();
});
