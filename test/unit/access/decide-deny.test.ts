import { explain } from '../../../access/decide.ts';
import type { JudgedRequest } from '../../../access/decision.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { bundle, connection, documentOf, domain, rule } from '../../support/access-document.ts';
import { CHANNEL, judge, outcome } from './support/judge.ts';

describe('a connection with several rules', () => {
  const crm = connection('crm', 'ignored.a.test', {
    rules: [
      rule('inject', 'api.a.test', { methods: ['GET'] }),
      rule('forward', 'api.a.test', { paths: ['/public'] }),
      rule('inject', 'api.a.test', { methods: ['POST'], paths: ['/v1'] }),
      rule('deny', 'api.a.test', { paths: ['/v1/export'] }),
    ],
  });
  const document = documentOf({ [CHANNEL]: { connections: [crm] } });

  test.each<[string, Partial<JudgedRequest>, string]>([
    ['the first rule that matches decides', { path: '/public' }, 'injected crm'],
    ['a later rule decides what an earlier one leaves', { method: 'POST', path: '/public/x' }, 'forwarded crm'],
    ['each rule has paths of its own', { method: 'POST' }, 'injected crm'],
    ['a deny wins although it stands last', { path: '/v1/export' }, 'blocked connection_denied'],
    ['a deny covers what is below its path', { method: 'POST', path: '/v1/export/1' }, 'blocked connection_denied'],
    ['a deny covers every reading of its path', { path: '/v1%2Fexport' }, 'blocked connection_denied'],
    ['nothing else is allowed', { method: 'DELETE' }, 'blocked path_not_allowed'],
  ])('%s', (_name, request, expected) => {
    expect(outcome(judge(document, request))).toBe(expected);
  });

  test('forwards without own credentials, and names the connection and bundle that deny', () => {
    expect(judge(document, { method: 'POST', path: '/public' })).toMatchObject({ connectionHost: true });
    expect(judge(document, { path: '/v1/export' })).toMatchObject({
      rule: 'crm',
      denied: {
        connection: { id: 'crm' },
        match: { paths: ['/v1/export'] },
        origin: { bundle: `bundle of ${CHANNEL}` },
      },
      reason: `A rule of the connection forbids GET api.a.test/v1/export: crm ← bundle of ${CHANNEL} ← ${CHANNEL}.`,
    });
  });

  test('a deny covers a method in other letters and clear text on its port', () => {
    const rules = [rule('inject', 'api.a.test'), rule('deny', 'api.a.test', { methods: ['DELETE'] })];
    const strict = documentOf({ [CHANNEL]: { connections: [connection('crm', '', { rules })] } });
    expect(outcome(judge(strict, { method: 'delete' }))).toBe('blocked connection_denied');
    expect(outcome(judge(strict, { method: 'DELETE', scheme: 'http' }))).toBe('blocked connection_denied');
    expect(outcome(judge(strict, { method: 'GET' }))).toBe('injected crm');
  });
});

describe('a deny of one connection for every port', () => {
  const rules = [rule('deny', 'git.a.test', { paths: ['/api/v1/admin'], port: null }), rule('inject', 'git.a.test')];
  const near = { connections: [connection('git', '', { rules }), connection('other', 'git.a.test', { port: 9443 })] };
  const domains = [domain('git.a.test', { port: 8443 }), domain('git.a.test', { scheme: 'http', port: 80 })];
  const access = effectiveAccess(documentOf({ 'channel:T1:C1': { ...near, domains } }), 'channel:T1:C1');

  test.each([
    ['https', 443],
    ['https', 8443],
    ['https', 9443],
    ['http', 80],
  ] as const)('holds for what other rules open by %s on port %d', (scheme, port) => {
    const asked = { method: 'GET', scheme, host: 'git.a.test', port } as const;
    expect(explain({ ...asked, path: '/api/v1/admin/users' }, access)).toMatchObject({ code: 'connection_denied' });
    expect(explain({ ...asked, path: '/api/v1/version' }, access).outcome).not.toBe('blocked');
  });

  test('is a rule of its scope on every port, where it hides the connections of broader scopes', () => {
    const both = documentOf({
      organization: { connections: [connection('broad', 'git.a.test', { port: 7443 })] },
      'channel:T1:C1': near,
    });
    const asked = { method: 'GET', scheme: 'https', host: 'git.a.test', port: 7443, path: '/x' } as const;
    expect(explain(asked, effectiveAccess(both, 'organization')).outcome).toBe('injected');
    expect(explain(asked, effectiveAccess(both, 'channel:T1:C1')).outcome).toBe('blocked');
  });
});

describe('a deny of one connection', () => {
  const strict = connection('strict', '', { rules: [rule('deny', 'api.a.test', { methods: ['DELETE'] })] });
  const open = connection('open', 'api.a.test', { priority: 9 });
  const remove = { method: 'DELETE' };

  test('blocks what other connections and domain entries of its scope allow, whatever their priority', () => {
    const document = documentOf({ [CHANNEL]: { connections: [open, strict], domains: [domain('api.a.test')] } });
    expect(judge(document, remove)).toMatchObject({ code: 'connection_denied', rule: 'strict' });
    expect(outcome(judge(document))).toBe('injected open');
  });

  test('blocks in whatever order the bundles are attached', () => {
    const base = documentOf({ [CHANNEL]: {} });
    const bundles = [bundle('a', { connections: ['open'] }), bundle('b', { connections: ['strict'] })];
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const scopes = base.scopes.map((scope) => ({ ...scope, bundles: order }));
      const document = { ...base, connections: [open, strict], bundles, scopes };
      expect(judge(document, remove)).toMatchObject({ code: 'connection_denied', rule: 'strict' });
      expect(outcome(judge(document))).toBe('injected open');
    }
  });

  test('blocks what a broader scope allows', () => {
    const document = documentOf({
      organization: { domains: [domain('api.a.test')] },
      [CHANNEL]: { connections: [strict] },
    });
    expect(outcome(judge(document, remove))).toBe('blocked connection_denied');
    expect(outcome(judge(document))).toBe('forwarded api.a.test');
  });

  test('takes nothing from a narrower scope', () => {
    const narrow = { connections: [connection('narrow', 'api.a.test')] };
    const document = documentOf({ organization: { connections: [strict] }, [CHANNEL]: narrow });
    expect(outcome(judge(document, remove))).toBe('injected narrow');
    expect(outcome(judge(document, remove, 'channel:T1:C2'))).toBe('blocked connection_denied');
  });

  test('makes its scope one that has a connection there, so broader connections are not consulted', () => {
    const wide = { connections: [connection('wide', 'api.a.test')] };
    const document = documentOf({ organization: wide, [CHANNEL]: { connections: [strict] } });
    expect(outcome(judge(document))).toBe('blocked not_allowed');
  });
});
