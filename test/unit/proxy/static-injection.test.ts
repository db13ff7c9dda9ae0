import { type StaticUse, staticInjection } from '../../../proxy/credentials/static-injection.ts';
import { createAnswerMasks } from '../../../proxy/request/answer-mask.ts';

const TOKEN = '3f9ac1d2e4b58677';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const BASIC: StaticUse = { kind: 'basic' };
const HEADERS: StaticUse = { kind: 'headers', names: [] };
const AUTHORIZATION: StaticUse = { kind: 'header', name: 'authorization', prefix: '' };

/** An answer of the host as the sandbox reads it. */
function answer(use: StaticUse, secret: string, text: string): string {
  const injection = staticInjection(use, secret, 'svc');
  if (injection.way !== 'headers') throw new Error('no header is attached');
  const mask = createAnswerMasks().maskOf(injection.hidden);
  if (mask === null) return text;
  return Buffer.concat([Buffer.from(mask.push(Buffer.from(text))), mask.end()]).toString();
}

describe('the account stays readable', () => {
  test.each<[string, StaticUse, string, string]>([
    ['the user of a login', BASIC, `ada-1906:${TOKEN}`, '{"full_name":"ada-1906/shop"}'],
    ['a user with a password that is a word', BASIC, 'ada-1906:sesame', 'refs/heads/ada-1906/fix'],
    ['an address as the user', BASIC, `ada-1906@acme.test:${TOKEN}`, '{"emailAddress":"ada-1906@acme.test"}'],
    [
      'the user of a login among several headers',
      HEADERS,
      `{"Authorization":"Basic ${base64(`ada-1906:${TOKEN}`)}"}`,
      'refs/heads/ada-1906/fix',
    ],
    ...['X-Auth-Email', 'X-Auth-User', 'X-Auth-Username', 'X_AUTH_USER_ID', 'XAuthEmail'].map(
      (name): [string, StaticUse, string, string] => [
        `the header ${name}`,
        HEADERS,
        `{"${name}":"ada-1906@acme.test","X-Auth-Key":"${TOKEN}"}`,
        '{"email":"ada-1906@acme.test"}',
      ],
    ),
    ['the cookie of a name', HEADERS, `{"Cookie":"user=ada-1906; session=${TOKEN}"}`, '{"login":"ada-1906"}'],
    ['a cookie that is a word', HEADERS, `{"Cookie":"theme=darkmode; session=${TOKEN}"}`, '<body class="darkmode">'],
    ['a name beside a token', AUTHORIZATION, `Custom username="ada-1906", token="${TOKEN}"`, '{"login":"ada-1906"}'],
  ])('%s', (_what, use, secret, text) => {
    expect(answer(use, secret, text)).toBe(text);
    // The credential beside it is overwritten all the same.
    if (secret.includes(TOKEN)) expect(answer(use, secret, `"${TOKEN}"`)).toBe(`"${'*'.repeat(TOKEN.length)}"`);
  });
});

describe('what a service takes out of a header is overwritten', () => {
  test.each<[string, StaticUse, string, string]>([
    ['a password', BASIC, `ada-1906:${TOKEN}`, TOKEN],
    ['a login in base64', BASIC, `ada-1906:${TOKEN}`, base64(`ada-1906:${TOKEN}`)],
    ...['', 'x', 'X', 'x-oauth-basic', 'api_token', 'unused'].map((filler): [string, StaticUse, string, string] => [
      `a token as the user, with the password "${filler}"`,
      BASIC,
      `${TOKEN}:${filler}`,
      TOKEN,
    ]),
    ['a token behind a scheme', HEADERS, `{"Authorization":"Bearer ${TOKEN}"}`, TOKEN],
    ['a token behind a scheme and spaces', HEADERS, `{"Authorization":"Bearer   ${TOKEN}"}`, TOKEN],
    ['a stored secret with a scheme', AUTHORIZATION, `Token ${TOKEN}`, TOKEN],
    ['a scheme as the prefix', { ...AUTHORIZATION, prefix: 'Basic ' }, base64(`ada-1906:${TOKEN}`), TOKEN],
    ['a token with a name', AUTHORIZATION, `Token token="${TOKEN}"`, TOKEN],
    ['a token with a name and no scheme', AUTHORIZATION, `key=${TOKEN}`, TOKEN],
    ['a pair behind a scheme', AUTHORIZATION, `ApiKey ada-1906:${TOKEN}`, TOKEN],
    ['a login among several headers', HEADERS, `{"Authorization":"Basic ${base64(`ada:${TOKEN}`)}"}`, TOKEN],
    [
      'a login among several headers, in base64',
      HEADERS,
      `{"authorization":"basic ${base64(`ada:${TOKEN}`)}"}`,
      base64(`ada:${TOKEN}`),
    ],
    ['a cookie', HEADERS, `{"Cookie":"session=${TOKEN}"}`, TOKEN],
    ['the second cookie', HEADERS, `{"Cookie":"lang=en; session=${TOKEN}"}`, TOKEN],
    ['a cookie in quotation marks', HEADERS, `{"Cookie":"session=\\"${TOKEN}\\""}`, TOKEN],
    ['a cookie that is read decoded', HEADERS, `{"Cookie":"connect.sid=s%3A${TOKEN}"}`, `s:${TOKEN}`],
    ['a cookie of the kind header', { kind: 'header', name: 'cookie', prefix: 'session=' }, TOKEN, TOKEN],
  ])('%s', (_what, use, secret, repeated) => {
    const text = answer(use, secret, `{"token":"${repeated}","ok":true}`);
    expect(text).toBe(`{"token":"${'*'.repeat(repeated.length)}","ok":true}`);
  });
});
