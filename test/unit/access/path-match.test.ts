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
])('a deny of /admin reaches %s: %s', (path, reached) => {
  expect(mayMatchPath(['/admin'], path)).toBe(reached);
});
