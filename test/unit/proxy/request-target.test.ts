import type { Refusal } from '../../../proxy/refusal.ts';
import { parseAbsoluteTarget, parsePath, recordedPath } from '../../../proxy/request/request-target.ts';

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return (error as Refusal).code;
  }
  return 'accepted';
}

test('dot segments are resolved and doubled slashes collapsed before anything is judged', () => {
  expect(parsePath('/repos/o/r/../../../user').path).toBe('/user');
  expect(parsePath('//evil.test/user').path).toBe('/evil.test/user');
  expect(parsePath('/repos/%2e%2e/user?q=/../x')).toEqual({
    path: '/user',
    rawPath: '/repos/%2e%2e/user',
    query: '?q=/../x',
  });
});

test.each([
  ['*', 'bad_path'],
  ['user', 'bad_path'],
  ['http://evil.test/', 'bad_path'],
  ['/a\\b', 'bad_path'],
  ['/a#b', 'bad_path'],
  ['/a%zz', 'bad_path'],
  ['/a?b#c', 'bad_path'],
  ['/a?b c', 'bad_path'],
  [`/${'a'.repeat(10_000)}`, 'path_too_long'],
  [`/?${'a'.repeat(100_000)}`, 'query_too_long'],
])('the target %.20s is refused as %s', (target, code) => {
  expect(codeOf(() => parsePath(target))).toBe(code);
});

test('a plain request names its host in its URL', () => {
  expect(parseAbsoluteTarget('http://A.test')).toMatchObject({ authority: { host: 'a.test', port: 80 }, path: '/' });
  expect(parseAbsoluteTarget('HTTP://a.test:8080/x?y')).toMatchObject({
    authority: { port: 8080 },
    path: '/x',
    query: '?y',
  });
  expect(parseAbsoluteTarget('http://a.test?y')).toMatchObject({ path: '/', query: '?y' });
});

test.each([
  ['https://a.test/', 'tls_in_clear'],
  ['ftp://a.test/', 'not_proxied'],
  ['/relative', 'not_proxied'],
  ['http:///x', 'bad_authority'],
  ['http://user@a.test/', 'bad_authority'],
  ['http://a.test\\@b.test/', 'bad_authority'],
  ['http://10.0.0.1/', 'address_literal'],
  ['http://a.test/#x', 'bad_path'],
])('the plain target %s is refused as %s', (target, code) => {
  expect(codeOf(() => parseAbsoluteTarget(target))).toBe(code);
});

test('only the names of a query are recorded, and nothing that may be a value', () => {
  expect(recordedPath('/v1/x', '?day=2026-01-01&all=')).toBe('/v1/x?day&all');
  expect(recordedPath('/v1/x', '?ghp_16C7e42F292c6912E7710c838347Ae178B4a')).toBe('/v1/x?...');
  expect(recordedPath('/v1/x', '?a=1;b=2;sekret')).toBe('/v1/x?a&b&...');
  expect(recordedPath('/v1/x', '?=secret&a=b=c')).toBe('/v1/x?...&a');
  expect(recordedPath('/v1/x', `?${'s'.repeat(80)}`)).toBe('/v1/x?...');
  expect(recordedPath('/v1/x', '')).toBe('/v1/x');
});
