import type { JudgedRequest } from '../../../access/decision.ts';
import { EMPTY_DOCUMENT } from '../../../access/document.ts';
import { connection, documentOf, domain, guardrail } from '../../support/access-document.ts';
import { CHANNEL, judge, outcome } from './support/judge.ts';

describe('a request that nothing allows', () => {
  test('is blocked under an empty document', () => {
    expect(outcome(judge(EMPTY_DOCUMENT))).toBe('blocked not_allowed');
  });

  const document = documentOf({
    [CHANNEL]: {
      connections: [connection('gh', 'api.a.test', { methods: ['GET'], paths: ['/v1'] })],
      domains: [domain('docs.a.test'), domain('plain.a.test', { scheme: 'http', port: 80 })],
    },
  });
  test.each<[string, Partial<JudgedRequest>, string]>([
    ['another host', { host: 'evil.test' }, 'not_allowed'],
    ['another method', { method: 'POST' }, 'method_not_allowed'],
    ['a method in other letters', { method: 'get' }, 'method_not_allowed'],
    ['another path', { path: '/v2' }, 'path_not_allowed'],
    ['a path that only looks alike', { path: '/v10' }, 'path_not_allowed'],
    ['a path in other letters', { path: '/V1/x' }, 'path_not_allowed'],
    ['a path with an encoded slash', { path: '/v1/a%2Fb' }, 'path_not_allowed'],
    ['another port', { port: 8443 }, 'port_not_allowed'],
    ['a domain entry by another port', { host: 'docs.a.test', port: 22 }, 'port_not_allowed'],
    ['clear text to a connection', { scheme: 'http', port: 80 }, 'cleartext_credential'],
    ['clear text to a connection on its own port', { scheme: 'http' }, 'cleartext_credential'],
    ['clear text to an https domain entry', { host: 'docs.a.test', scheme: 'http', port: 80 }, 'port_not_allowed'],
    ['https to a plain domain entry', { host: 'plain.a.test', port: 80 }, 'port_not_allowed'],
  ])('%s is blocked with the nearest reason', (_name, request, code) => {
    expect(outcome(judge(document, request))).toBe(`blocked ${code}`);
  });

  test('is told what came nearest: the path before the method, the method before the port', () => {
    const near = documentOf({
      [CHANNEL]: {
        domains: [
          domain('api.a.test', { id: 'other-port', port: 8443 }),
          domain('api.a.test', { id: 'other-method', methods: ['POST'] }),
          domain('api.a.test', { id: 'other-path', methods: ['GET'], paths: ['/v2'] }),
        ],
      },
    });
    expect(judge(near)).toMatchObject({ code: 'path_not_allowed', rule: 'other-path' });
    expect(judge(near, { method: 'PUT' })).toMatchObject({ code: 'method_not_allowed' });
    expect(judge(near, { port: 1 })).toMatchObject({ code: 'port_not_allowed' });
  });
});

describe('scopes', () => {
  const organization = { domains: [domain('api.a.test')] };

  test('the same request is injected where a connection is attached and forwarded bare elsewhere', () => {
    const document = documentOf({
      organization,
      [CHANNEL]: { connections: [connection('gh', 'api.a.test', { methods: ['GET'] })] },
    });
    expect(outcome(judge(document))).toBe('injected gh');
    expect(outcome(judge(document, {}, 'channel:T1:C2'))).toBe('forwarded api.a.test');
    expect(judge(document, {}, 'channel:T1:C2')).toMatchObject({ connectionHost: false });
  });

  test('what no connection rule covers is still forwarded by a broader domain entry, on a connection host', () => {
    const document = documentOf({
      organization,
      [CHANNEL]: { connections: [connection('gh', 'api.a.test', { methods: ['GET'] })] },
    });
    const decision = judge(document, { method: 'POST' });
    expect(outcome(decision)).toBe('forwarded api.a.test');
    expect(decision).toMatchObject({ connectionHost: true });
  });

  test('a connection of a broader scope is not consulted where a narrower one has the host and port', () => {
    const document = documentOf({
      organization: { connections: [connection('wide', 'api.a.test')] },
      [CHANNEL]: { connections: [connection('narrow', 'api.a.test', { methods: ['GET'] })] },
    });
    const decision = judge(document, { method: 'DELETE' });
    expect(outcome(decision)).toBe('blocked method_not_allowed');
    expect(decision.walk).toEqual([
      { rule: 'narrow', origin: `bundle of ${CHANNEL} ← ${CHANNEL}`, action: 'inject', line: 0, result: 'method' },
      { rule: 'wide', origin: 'bundle of organization ← organization', action: 'inject', line: 0, result: 'shadowed' },
    ]);
  });

  test('a narrower connection on another port shadows nothing', () => {
    const document = documentOf({
      organization: { connections: [connection('wide', 'api.a.test')] },
      [CHANNEL]: { connections: [connection('narrow', 'api.a.test', { port: 8443 })] },
    });
    expect(outcome(judge(document))).toBe('injected wide');
  });

  test('a narrower domain entry comes before a broader connection', () => {
    const document = documentOf({
      organization: { connections: [connection('wide', 'api.a.test')] },
      [CHANNEL]: { domains: [domain('api.a.test')] },
    });
    expect(judge(document)).toMatchObject({ outcome: 'forwarded', connectionHost: true });
  });

  test('several connections of one scope are asked in the order of their priority', () => {
    const document = documentOf({
      [CHANNEL]: {
        connections: [
          connection('reader', 'api.a.test', { methods: ['GET'] }),
          connection('admin', 'api.a.test', { paths: ['/v1'], priority: 5 }),
        ],
      },
    });
    expect(outcome(judge(document))).toBe('injected admin');
    expect(outcome(judge(document, { path: '/v2' }))).toBe('injected reader');
  });

  test('workspace rules lie between those of the channel and of the organization', () => {
    const document = documentOf({
      organization: { connections: [connection('organization', 'api.a.test')] },
      'workspace:T1': { connections: [connection('workspace', 'api.a.test')] },
    });
    expect(outcome(judge(document))).toBe('injected workspace');
    expect(outcome(judge(document, {}, 'channel:T2:C1'))).toBe('injected organization');
  });

  test('a person has nothing of any channel or of the organization', () => {
    const document = documentOf({ organization, [CHANNEL]: { connections: [connection('gh', 'api.a.test')] } });
    expect(outcome(judge(document, {}, 'person:T1:U1'))).toBe('blocked not_allowed');
  });

  test('a scope that is switched off has nothing at all', () => {
    const document = documentOf({ organization, [CHANNEL]: { enabled: false } });
    expect(outcome(judge(document))).toBe('blocked disabled');
    expect(outcome(judge(document, {}, 'channel:T1:C2'))).toBe('forwarded api.a.test');
  });

  test('switching the organization off switches off every channel and every person', () => {
    const document = documentOf({ organization: { ...organization, enabled: false } });
    expect(outcome(judge(document))).toBe('blocked disabled');
    expect(outcome(judge(document, {}, 'person:T1:U1'))).toBe('blocked disabled');
  });

  test('the most specific scope that says so switches on what broader ones switch off', () => {
    const document = documentOf({
      organization: { ...organization, enabled: false },
      'workspace:T1': { enabled: true },
      [CHANNEL]: {},
      'channel:T1:C2': { enabled: false },
      'channel:T2:C1': { enabled: true },
    });
    expect(outcome(judge(document))).toBe('forwarded api.a.test');
    expect(outcome(judge(document, {}, 'channel:T1:C2'))).toBe('blocked disabled');
    expect(outcome(judge(document, {}, 'channel:T1:C3'))).toBe('forwarded api.a.test');
    expect(outcome(judge(document, {}, 'channel:T2:C1'))).toBe('forwarded api.a.test');
    expect(outcome(judge(document, {}, 'channel:T2:C2'))).toBe('blocked disabled');
    expect(outcome(judge(document, {}, 'person:T1:U1'))).toBe('blocked disabled');
  });
});

describe('guardrails', () => {
  const scopes = { [CHANNEL]: { connections: [connection('gh', 'api.a.test')], domains: [domain('b.test')] } };

  test.each<[string, Parameters<typeof guardrail>[2], Partial<JudgedRequest>, string]>([
    ['a host', {}, {}, 'blocked guardrail'],
    ['a method', { methods: ['DELETE'] }, { method: 'DELETE' }, 'blocked guardrail'],
    ['a method in other letters', { methods: ['DELETE'] }, { method: 'delete' }, 'blocked guardrail'],
    ['another method than the one asked', { methods: ['DELETE'] }, {}, 'injected gh'],
    ['a path', { paths: ['/v1'] }, {}, 'blocked guardrail'],
    ['a path behind an encoded slash', { paths: ['/admin'] }, { path: '/v1%2F..%2Fadmin' }, 'blocked guardrail'],
    ['a path behind a path parameter', { paths: ['/admin'] }, { path: '/v1/..;a=b/admin' }, 'blocked guardrail'],
    ['another path than the one asked', { paths: ['/admin'] }, {}, 'injected gh'],
    ['another port than the one asked', { port: 8443 }, {}, 'injected gh'],
  ])('on %s', (_name, rest, request, expected) => {
    expect(outcome(judge(documentOf(scopes, [guardrail('no', 'api.a.test', rest)]), request))).toBe(expected);
  });

  test('hold for every host when they say so', () => {
    const document = documentOf(scopes, [guardrail('read-only', '*', { methods: ['DELETE'] })]);
    expect(outcome(judge(document, { host: 'b.test', method: 'DELETE' }))).toBe('blocked guardrail');
    expect(outcome(judge(document, { host: 'b.test' }))).toBe('forwarded b.test');
  });

  test('say their reason', () => {
    const document = documentOf(scopes, [guardrail('no-paste', 'api.a.test', { reason: 'Nothing is pasted here' })]);
    expect(judge(document).reason).toBe(
      "The organization's guardrail no-paste blocks api.a.test everywhere. Nothing is pasted here.",
    );
  });
});

describe('wildcards', () => {
  const document = documentOf({ [CHANNEL]: { domains: [domain('*.a.test')] } });
  test.each([
    ['x.a.test', 'forwarded *.a.test'],
    ['x.y.a.test', 'forwarded *.a.test'],
    ['a.test', 'blocked not_allowed'],
    ['xa.test', 'blocked not_allowed'],
    ['a.test.evil.test', 'blocked not_allowed'],
  ])('%s is %s', (host, expected) => {
    expect(outcome(judge(document, { host }))).toBe(expected);
  });
});

describe('reasons', () => {
  const document = documentOf({
    organization: { domains: [domain('docs.a.test')] },
    [CHANNEL]: { connections: [connection('gh', 'api.a.test', { methods: ['GET'] })] },
  });
  test.each<[Partial<JudgedRequest>, string]>([
    [{}, `Let through with a credential: gh ← bundle of ${CHANNEL} ← ${CHANNEL}.`],
    [{ host: 'docs.a.test' }, 'Let through without a credential: docs.a.test ← bundle of organization ← organization.'],
    [{ method: 'PUT' }, `PUT is not covered: gh ← bundle of ${CHANNEL} ← ${CHANNEL} allows GET.`],
    [{ host: 'c.test' }, 'Nothing attached to this channel, its workspace or the organization allows c.test.'],
  ])('name rule, bundle and scope', (request, reason) => {
    expect(judge(document, request).reason).toBe(reason);
  });

  test('speak of the person in a direct message, of no channel', () => {
    const { reason } = judge(document, { host: 'c.test' }, 'person:T1:U1');
    expect(reason).toBe('Nothing attached to this person allows c.test.');
  });
});
