import fc from 'fast-check';
import { bodyFormOf, withField } from '../../../proxy/request/body-credential.ts';
import { withParameter } from '../../../proxy/request/query-credential.ts';

const put = (body: string, form: 'json' | 'form', field = 'api_key') =>
  withField(Buffer.from(body), form, field, 'ours"+ü').toString();

test.each([
  ['{}', '{"api_key":"ours\\"+ü"}'],
  [' { } ', '{"api_key":"ours\\"+ü"}'],
  ['{"a":1}', '{"a":1,"api_key":"ours\\"+ü"}'],
  ['{"api_key":"theirs","a":[1,{"api_key":2}]}', '{"a":[1,{"api_key":2}],"api_key":"ours\\"+ü"}'],
  // Doubles, other spellings of the same name, and escapes in it.
  ['{"api_key":1,"API_KEY":2,"\\u0061pi_key":3}', '{"api_key":"ours\\"+ü"}'],
  // What JavaScript cannot hold stays as it is.
  [
    '{"id":12345678901234567890,"x":"},{\\"","y":1.0}',
    '{"id":12345678901234567890,"x":"},{\\"","y":1.0,"api_key":"ours\\"+ü"}',
  ],
])('in JSON %s becomes %s', (body, sent) => {
  expect(put(body, 'json')).toBe(sent);
});

test('every other member of an object stays what it was', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const text = JSON.stringify(object, null, 1);
      const { api_key: ours, ...others } = JSON.parse(put(text, 'json')) as Record<string, unknown>;
      expect(ours).toBe('ours"+ü');
      const kept = Object.entries(JSON.parse(text) as object).filter(
        ([name]) => name.normalize('NFKC').toLowerCase() !== 'api_key',
      );
      expect(others).toEqual(Object.fromEntries(kept));
    }),
  );
});

test.each(['[1]', '"x"', 'null', '{"a":1', '{"a":1}x', '', '\ufeff{}'])('%j is refused as JSON', (body) => {
  expect(() => put(body, 'json')).toThrow(expect.objectContaining({ code: 'body_type' }));
});

test('bytes that are not UTF-8 are refused', () => {
  expect(() => withField(Buffer.from([0x7b, 0xff, 0x7d]), 'json', 'a', 'b')).toThrow(/UTF-8/);
});

test.each([
  ['', 'api_key=ours%22%2B%C3%BC'],
  ['a=b&c=%zz', 'a=b&c=%zz&api_key=ours%22%2B%C3%BC'],
  ['api_key=theirs&a=b;API-KEY=theirs&api%5Fkey[]=theirs', 'a=b&api_key=ours%22%2B%C3%BC'],
])('the form %j becomes %j', (body, sent) => {
  expect(put(body, 'form')).toBe(sent);
});

test.each([
  ['', '?api_key=k%2B1%26'],
  ['?a=b', '?a=b&api_key=k%2B1%26'],
  ['?api_key=theirs', '?api_key=k%2B1%26'],
  ['?a=b;apiKey=theirs&api_key&api%5fkey=theirs&api_key2=x', '?a=b&api_key2=x&api_key=k%2B1%26'],
])('the query %j becomes %j', (query, sent) => {
  expect(withParameter(query, 'api_key', 'k+1&')).toBe(sent);
});

describe('a body that a credential cannot be put into is refused in words', () => {
  const json: [string, string] = ['content-type', 'application/json'];
  test.each([
    ['no body', [json], false, /no body/],
    ['compression', [json, ['content-encoding', 'gzip']], true, /compressed/],
    ['no type', [], true, /type/],
    ['two types', [json, json], true, /type/],
    ['another type', [['content-type', 'multipart/form-data; boundary=x']], true, /neither JSON nor a form/],
    ['another charset', [['content-type', 'application/json; charset=utf-16']], true, /UTF-8/],
  ] as const)('%s', (_what, headers, hasBody, words) => {
    expect(() => bodyFormOf(headers, hasBody)).toThrow(words);
  });

  test.each([
    ['application/json', 'json'],
    ['application/vnd.api+json; charset=UTF-8', 'json'],
    ['Application/X-WWW-Form-Urlencoded', 'form'],
  ])('%s is understood', (type, form) => {
    expect(bodyFormOf([['content-type', type]], true)).toBe(form);
  });
});
