import { isProof, newProof, proofDigest } from '../../../slack/personal/grant-proof.ts';
import { waysOf } from '../../../slack/personal/grant-ways.ts';
import {
  listenUrl,
  offerOfPath,
  readCallbackAddress,
  redirectUriOf,
} from '../../../workers/gateway/callback-address.ts';
import { fileOf } from '../../support/access-yaml.ts';

test('an address of the outside is https and listened for behind a reverse proxy', () => {
  const address = readCallbackAddress('https://bellhop.acme.example/hooks/', undefined);
  expect(address).toMatchObject({ reach: 'public', host: 'bellhop.acme.example' });
  expect(address && listenUrl(address)).toBe('http://127.0.0.1:7360');
  expect(address && redirectUriOf(address, 'github')).toBe('https://bellhop.acme.example/hooks/oauth/callback/github');
  expect(address && offerOfPath(address, '/hooks/oauth/callback/github')).toBe('github');
  for (const path of ['/oauth/callback/github', '/hooks/oauth/callback/', '/hooks/oauth/callback/a/b', '/']) {
    expect(address && offerOfPath(address, path)).toBeNull();
  }
});

test('the page of the operator is on the port of its own address', () => {
  const address = readCallbackAddress('http://127.0.0.1:7444', undefined);
  expect(address).toMatchObject({ reach: 'loopback' });
  expect(address && listenUrl(address)).toBe('http://127.0.0.1:7444');
  expect(readCallbackAddress(undefined, undefined)).toBeNull();
});

test.each([
  ['http://bellhop.acme.example', undefined, /BELLHOP_CALLBACK_URL must be https, or http on 127\.0\.0\.1/],
  ['bellhop', undefined, /BELLHOP_CALLBACK_URL must be a whole URL/],
  ['https://a.test/?x=1', undefined, /BELLHOP_CALLBACK_URL must be a whole URL/],
  ['https://a.test', '7360', /BELLHOP_CALLBACK_LISTEN: 7360 is no address and port/],
  [undefined, '127.0.0.1:1', /BELLHOP_CALLBACK_LISTEN needs BELLHOP_CALLBACK_URL/],
])('%s %s', (url, listen, message) => {
  expect(() => readCallbackAddress(url, listen)).toThrow(message);
});

test('OAuth goes before a pasted token, where it can come to an end', () => {
  const of = (text: string) => fileOf(`people: { offer: [${text}] }\n`).people?.offers[0] as never;
  const github = of('{ preset: github, oauth: { client-id: a } }');
  const gitea = of('{ preset: gitea, host: git.a.test, oauth: { client-id: a } }');
  expect(waysOf(of('github'), 'public')).toEqual(['token']);
  expect(waysOf(github, 'public')).toEqual(['browser', 'device']);
  expect(waysOf(github, 'none')).toEqual(['device']);
  expect(waysOf(gitea, 'loopback')).toEqual(['browser']);
  expect(waysOf(gitea, 'none')).toEqual(['token']);
});

test('the letters hold for their own attempt, however they are written', () => {
  const letters = newProof();
  expect(letters).toMatch(/^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
  const digest = proofDigest({ version: 7 }, letters);
  expect(isProof({ version: 7 }, ` ${letters.toLowerCase().replace('-', ' ')} `, digest)).toBe(true);
  expect(isProof({ version: 8 }, letters, digest)).toBe(false);
  expect(isProof({ version: 7 }, '', digest)).toBe(false);
  expect(isProof({ version: 7 }, letters, null)).toBe(false);
});
