import type { Refusal } from '../../../proxy/refusal.ts';
import { hostHeader, parseAuthority } from '../../../proxy/request/authority.ts';

function codeOf(text: string): string {
  try {
    parseAuthority(text);
  } catch (error) {
    return (error as Refusal).code;
  }
  return 'accepted';
}

test.each([
  ['api.a.test:443', 'api.a.test', 443],
  ['API.A.Test:443', 'api.a.test', 443],
  ['api.a.test.:443', 'api.a.test', 443],
  ['xn--bcher-kva.test:8443', 'xn--bcher-kva.test', 8443],
  ['under_score.a.test:1', 'under_score.a.test', 1],
])('%s is read as %s and %i', (text, host, port) => {
  expect(parseAuthority(text)).toEqual({ host, port });
});

test.each([
  'api.a.test',
  'api.a.test:',
  'api.a.test:0',
  'api.a.test:65536',
  'api.a.test:0443',
  'api.a.test:443/x?y',
  'api.a.test:+443',
  'api.a.test:443:443',
  'api.a.test: 443',
  'api.a.test..:443',
  '.api.a.test:443',
  'evil.test\\@api.a.test:443',
  'evil.test@api.a.test:443',
  'api.a.test\t:443',
  'api.a.test\0:443',
  'api.a.test%00.evil.test:443',
  'api。a。test:443',
  'ａｐｉ.a.test:443',
  'ⓐpi.a.test:443',
  ':443',
  '',
  '127.1:443',
  '0x7f.0.0.1:443',
  '2130706433:443',
  '[::1:443',
  '[api.a.test]:443',
  '::1:443',
  `${'a'.repeat(64)}.test:443`,
  `${'a.'.repeat(130)}test:443`,
])('%j is refused as no authority', (text) => {
  expect(codeOf(text)).toBe('bad_authority');
});

test.each(['93.184.216.34:443', '127.0.0.1:443', '[::1]:443', '[2606:2800:220:1::1]:443'])(
  'the address %s is well-formed and not allowed',
  (text) => {
    expect(codeOf(text)).toBe('address_literal');
  },
);

test('the event of a refusal has what was asked for: an address in the place of the host, anything else in words', () => {
  const of = (text: string) => {
    try {
      return parseAuthority(text, 80);
    } catch (error) {
      return error;
    }
  };
  expect(of('169.254.169.254')).toMatchObject({ asked: { host: '169.254.169.254', port: 80 } });
  expect(of('[::ffff:a9fe:a9fe]:8080')).toMatchObject({ asked: { host: '[::ffff:a9fe:a9fe]', port: 8080 } });
  expect(of('2852039166')).toMatchObject({ asked: null, recorded: expect.stringMatching(/ It was "2852039166"\.$/) });
  expect(of(`a.test:${'9'.repeat(1_000)}`)).toMatchObject({ recorded: expect.stringMatching(/^.{150,400}$/) });
});

test('a Host header names the port unless it is the usual one of the scheme', () => {
  const authority = parseAuthority('a.test:443');
  expect(hostHeader(authority, 'https')).toBe('a.test');
  expect(hostHeader(authority, 'http')).toBe('a.test:443');
});
