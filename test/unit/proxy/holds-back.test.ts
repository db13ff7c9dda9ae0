import { decide } from '../../../access/decide.ts';
import { effectiveAccess, indexAccess } from '../../../access/effective-access.ts';
import { holdsBack } from '../../../proxy/request/holds-back.ts';
import type { AllowedDecision } from '../../../proxy/request/outgoing.ts';
import type { Target } from '../../../proxy/request/read-target.ts';
import { connection, documentOf, domain, guardrail, rule } from '../../support/access-document.ts';

const SCOPE = 'channel:T1:C1';
const HOST = 'acme.s3.test' as Target['authority']['host'];
const ANY = connection('aws', '*.s3.test');
const ONE = connection('aws', HOST);
const OTHER = connection('other', 'x', { rules: [rule('deny', 'secret.s3.test')] });
const BUCKET = guardrail('no', 'secret.s3.test');

/** Whether something is held back from a request to one host. */
function isHeldBack(document: ReturnType<typeof documentOf>, query = '', method = 'PUT'): boolean {
  const access = indexAccess(document).accessTo(HOST, SCOPE);
  const target: Target = { authority: { host: HOST, port: 443 }, path: '/x', rawPath: '/x', query };
  const decision = decide({ method, scheme: 'https', path: '/x', ...target.authority }, access);
  return holdsBack({
    exchange: { method, scheme: 'https' },
    target,
    decision: decision as AllowedDecision,
    access,
    whole: () => effectiveAccess(document, SCOPE),
  });
}

test('a rule for every host below a name holds back what is kept back on any of them', () => {
  expect(isHeldBack(documentOf({ [SCOPE]: { connections: [ANY] } }))).toBe(false);
  expect(isHeldBack(documentOf({ [SCOPE]: { connections: [ANY] } }, [BUCKET]))).toBe(true);
  expect(isHeldBack(documentOf({ [SCOPE]: { connections: [ANY, OTHER] } }))).toBe(true);
  expect(isHeldBack(documentOf({ [SCOPE]: { connections: [ANY] }, organization: { connections: [OTHER] } }))).toBe(
    true,
  );
});

test('a rule for one host holds back nothing of others', () => {
  expect(isHeldBack(documentOf({ [SCOPE]: { connections: [ONE, OTHER] } }, [BUCKET]))).toBe(false);
});

test('a list of objects to delete names those of one host only', () => {
  const document = documentOf({ [SCOPE]: { connections: [ANY, OTHER] } }, [BUCKET]);
  expect(isHeldBack(document, '?delete', 'POST')).toBe(false);
  // That is no list: S3 copies by PUT, whatever else stands in the query.
  expect(isHeldBack(document, '?delete')).toBe(true);
  const unread = connection('aws', HOST, { methods: ['PUT', 'DELETE'] });
  expect(isHeldBack(documentOf({ [SCOPE]: { connections: [unread] } }), '?delete')).toBe(true);
});

test('a domain entry holds back what its paths do not cover, and what it may not read', () => {
  const entry = (rest: Parameters<typeof domain>[1]) => documentOf({ [SCOPE]: { domains: [domain(HOST, rest)] } });
  expect(isHeldBack(entry({}))).toBe(false);
  expect(isHeldBack(entry({ paths: ['/x'] }))).toBe(true);
  expect(isHeldBack(entry({ methods: ['PUT'] }))).toBe(true);
});
