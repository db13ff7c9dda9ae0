import { canonicalPath, matchesPath, mayMatchPath } from '../../../access/path-match.ts';

test.each([
  ['/', '/'],
  ['/repos/o/r/../../../user', '/user'],
  ['/../../user', '/user'],
  ['//user', '/user'],
  ['//evil.test/user', '/evil.test/user'],
  ['/repos//o/r', '/repos/o/r'],
  ['/a/./b/', '/a/b/'],
  ['/a/.', '/a/'],
  ['/a/b/..', '/a/'],
  ['/a/..', '/'],
  ['/%75ser', '/user'],
  ['/a/%2e%2E/user', '/user'],
  ['/%7Euser', '/~user'],
  ['/a%2fb', '/a%2Fb'],
  ['/a%5cb', '/a%5Cb'],
  ['/a%252fb', '/a%252fb'],
  ['/Case/Kept', '/Case/Kept'],
  ["/!$&'()*+,;=:@", "/!$&'()*+,;=:@"],
  ['/a"b{c}', '/a%22b%7Bc%7D'],
])('%s is judged as %s', (raw, path) => {
  expect(canonicalPath(raw)).toEqual({ path });
});

test.each([
  [''],
  ['user'],
  ['*'],
  ['/a b'],
  ['/a\tb'],
  ['/a\\b'],
  ['/\\evil.test'],
  ['/%'],
  ['/%4'],
  ['/%zz'],
  ['/ü'],
  ['/a?b'],
  ['/a#b'],
])('%j cannot be judged', (raw) => {
  expect(canonicalPath(raw)).toMatchObject({ refused: expect.any(String) });
});

test.each([
  [['/v1'], '/v1', true],
  [['/v1'], '/v1/', true],
  [['/v1'], '/v1/x', true],
  [['/v1'], '/v10', false],
  [['/v1'], '/V1', false],
  [['/v1'], '/', false],
  [['/v1', '/v2'], '/v2/x', true],
  [['/'], '/x', true],
  [[], '/x%2Fy', true],
  [['/'], '/x%2Fy', true],
  [['/v1'], '/v1/x%2Fy', false],
  [['/v1'], '/v1/..%5Cadmin', false],
  [['/v1'], '/v1/%252e%252e/admin', false],
  [['/v1'], '/v1/..;/admin', false],
  [['/v1'], '/v1/x%00.json', false],
  [['/v1'], '/v1/%25252e%25252e/admin', false],
  [['/v1'], '/v1/%25252525252Fadmin', false],
  [['/v1'], '/v1/..%C0%AF..%C0%AFadmin', false],
  [['/v1'], '/v1/%C0%AE%C0%AE/admin', false],
  [['/v1'], '/v1/%E0%80%AE%E0%80%AE%E0%80%AFadmin', false],
  [['/v1'], '/v1/%F0%80%80%AE', false],
  [['/v1'], '/v1/..%253Bx/admin', false],
  [['/v1'], '/v1/..%3Fx', false],
  [['/v1'], '/v1/caf%C3%A9/100%25/a%20b', true],
  [['/v1'], '/v1/%E2%82%AC/%F0%9F%98%80', true],
  [['/v1'], '/v1/.well-known/..a', true],
])('prefixes %j cover %s: %s', (prefixes, path, covered) => {
  expect(matchesPath(prefixes, path)).toBe(covered);
});

test.each([
  ['/admin', true],
  ['/admin/x', true],
  ['/administrator', false],
  ['/v1%2F..%2Fadmin', true],
  ['/v1/..%5C..%5Cadmin', true],
  ['/v1/..;/admin', true],
  ['/v1/%252e%252e%252fadmin', true],
  ['/admin;a=b/x', true],
  ['/v1/a%2Fb', false],
  ['/admin;%2F..%2Fx', true],
  ['/admin;%5C..', true],
  ['/admin%2F..;x', true],
  ['/%2561dmin', true],
  ['/%25252561dmin', true],
  ['/admin%00', true],
  ['/admin%00.css', true],
  ['/admin%3Fx', true],
  ['/admin%23x', true],
  ['/ADMIN/x', true],
  ['/x%C0%AFadmin/%C0%AE%C0%AE', false],
  ['/x/..%C0%AFadmin', true],
  ['/x/%C0%AE%C0%AE%C0%AFadmin', true],
  ['/x/%E0%80%AE.%E0%80%AFadmin', true],
  ['/admin.', true],
  ['/admin%20/x', true],
  ['/v1/100%25', false],
  ['/v1/%2561', false],
  ['/administrator;x', false],
  // More readings than anybody means.
  [`/v1/%${'25'.repeat(200)}41`, true],
])('a deny of /admin reaches %s: %s', (path, reached) => {
  expect(mayMatchPath(['/admin'], path)).toBe(reached);
});
