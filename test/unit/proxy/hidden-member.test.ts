import { hideMember, isJson } from '../../../proxy/request/hidden-member.ts';

/** The answer as the sandbox gets it, when it comes in pieces of so many bytes. */
function shown(answer: string, size = answer.length): string {
  const hidden = hideMember('token');
  const bytes = Buffer.from(answer);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    hidden.push(bytes.subarray(n * size, (n + 1) * size)),
  );
  return Buffer.concat([...pieces, hidden.end()]).toString();
}

test.each([
  ['{"token":"abc"}', '{"token":"***"}'],
  ['{"token" :\r\n "abc", "a": [{"token":"d"}]}', '{"token" :\r\n "***", "a": [{"token":"*"}]}'],
  ['{"token":"a\\"b\\\\","b":"c"}', '{"token":"******","b":"c"}'],
  ['{"token":""}', '{"token":""}'],
  ['{"token":null,"a":"token","b":["token"]}', '{"token":null,"a":"token","b":["token"]}'],
  ['{"tokens":"abc","x":"\\"token\\":\\"abc\\""}', '{"tokens":"abc","x":"\\"token\\":\\"abc\\""}'],
  ['{"token":"abc', '{"token":"***'],
  ['{"token', '{"token'],
])('%j is shown as %j, however it is cut', (answer, expected) => {
  for (let size = 1; size <= answer.length; size += 1) expect(shown(answer, size)).toBe(expected);
});

test('blanks without an end are not kept', () => {
  const hidden = hideMember('token');
  hidden.push(Buffer.from('{"token"'));
  for (let n = 0; n < 100; n += 1) hidden.push(Buffer.from(' '.repeat(10)));
  expect(hidden.end().length).toBeLessThan(100);
});

test('only JSON is looked at', () => {
  expect(isJson(['Content-Type', 'application/json; charset=utf-8'])).toBe(true);
  expect(isJson(['x', 'y', 'content-type', 'application/vnd.github+json'])).toBe(true);
  expect(isJson(['content-type', 'application/vnd.github.raw+json'])).toBe(false);
  expect(isJson(['content-type', 'application/vnd.github.diff; charset=utf-8'])).toBe(false);
  expect(isJson(['x', 'content-type', 'content-length', '1'])).toBe(false);
});
