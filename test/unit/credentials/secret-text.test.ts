import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CredentialUse } from '../../../access/credential-use.ts';
import { awsSecretOf, clientCertificateOf } from '../../../credentials/secret-forms.ts';
import { secretExpiry, secretProblem } from '../../../credentials/secret-text.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rsa = pem('rsa');
const ec = pem('ec');
const encrypted = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
}).privateKey;
const oldEncrypted = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
}).privateKey;
const certificate = certify(ec, 'one');
const other = certify(pem('ec'), 'two');

function pem(type: 'rsa' | 'ec'): string {
  const options = {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  } as const;
  const pair =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048, ...options })
      : generateKeyPairSync('ec', { namedCurve: 'P-256', ...options });
  return String(pair.privateKey);
}

/** A certificate by the machine's own OpenSSL. */
function certify(key: string, name: string): string {
  const file = path.join(folder, name);
  writeFileSync(`${file}.key`, key);
  const args = ['req', '-x509', '-key', `${file}.key`, '-subj', `/CN=${name}`, '-days', '30', '-out', file];
  execFileSync('openssl', args, { stdio: 'ignore' });
  return readFileSync(file, 'utf8');
}

const damaged = rsa.replace(/\n[A-Za-z0-9+/]{20}/, '\n');
const gcpFile = (more: object) =>
  JSON.stringify({ type: 'service_account', client_email: 'a@b.test', private_key: rsa, ...more });

const BEARER: CredentialUse = { kind: 'bearer' };
const HEADERS: CredentialUse = { kind: 'headers', names: ['dd-api-key', 'dd-application-key'] };
const AWS: CredentialUse = { kind: 'aws-sigv4', region: null, service: null };
const GCP: CredentialUse = { kind: 'gcp', scopes: [], audience: null };
const APP: CredentialUse = { kind: 'github-app', appId: '1', installationId: '2', apiUrl: 'https://api.github.com' };
const MTLS: CredentialUse = { kind: 'mtls' };
const OAUTH: CredentialUse = {
  kind: 'oauth',
  tokenUrl: 'https://a.test',
  clientId: 'a',
  scopes: [],
  clientAuth: 'none',
};
const JWT: CredentialUse = {
  kind: 'oauth-jwt',
  tokenUrl: 'https://a.test',
  issuer: 'a',
  subject: 'a',
  audience: 'a',
  scopes: [],
  keyId: null,
};

test.each<[CredentialUse, string]>([
  [BEARER, 'abc.def'],
  [{ kind: 'basic' }, 'user:pass:word ü'],
  [{ kind: 'header', name: 'x-key', prefix: 'Token ' }, 'abc'],
  [HEADERS, '{"DD-API-KEY":"a","dd-application-key":"b"}'],
  [{ kind: 'query', name: 'key' }, 'a b&c'],
  [{ kind: 'body', field: 'key' }, 'ü'],
  [AWS, '{\n  "access_key_id": "AKID",\n  "secret_access_key": "a/b+c"\n}'],
  [
    AWS,
    '{"Version":1,"AccessKeyId":"ASIA","SecretAccessKey":"x","SessionToken":"t","Expiration":"2026-12-01T00:00:00Z"}',
  ],
  [AWS, 'AKID:a/b+c'],
  [AWS, 'ASIA:a/b+c:token=='],
  [GCP, gcpFile({})],
  [APP, rsa],
  [JWT, ec],
  [OAUTH, '{"refresh_token":"r"}'],
  [MTLS, `${certificate}${ec}`],
  [MTLS, `${ec}${certificate}${other}`],
])('a good secret is taken: %j', (use, secret) => {
  expect(secretProblem(use, secret)).toBeNull();
});

test.each<[string, CredentialUse, string, RegExp]>([
  ['nothing', BEARER, '', /empty/],
  ['a line break', BEARER, 'secret-part\r\nX-Evil: 1', /line break/],
  [
    'a line break in one header',
    HEADERS,
    '{"dd-api-key":"secret-part\\r\\nX: 1","dd-application-key":"b"}',
    /dd-api-key/,
  ],
  ['too long a text', BEARER, `secret-part${'a'.repeat(16_384)}`, /longer than/],
  ['too long a file', GCP, gcpFile({ x: 'secret-part'.repeat(10_000) }), /longer than/],
  ['a NUL in a file', APP, `${rsa}\0secret-part`, /control character/],
  ['no colon', { kind: 'basic' }, 'secret-part', /user:password/],
  ['no JSON', HEADERS, 'secret-part', /not JSON/],
  ['a list', HEADERS, '["secret-part"]', /no JSON object/],
  ['a number', HEADERS, '{"dd-api-key":1,"dd-application-key":"secret-part"}', /dd-api-key/],
  ['a missing header', HEADERS, '{"dd-api-key":"secret-part"}', /dd-application-key/],
  ['another header', HEADERS, '{"dd-api-key":"a","dd-application-key":"b","x":"secret-part"}', /other headers/],
  ['a header twice', HEADERS, '{"dd-api-key":"a","DD-API-KEY":"secret-part","dd-application-key":"b"}', /twice/],
  ['no key of AWS', AWS, '{"access_key_id":"secret-part"}', /secret_access_key/],
  ['no id of AWS', AWS, '{"secret_access_key":"secret-part"}', /access_key_id/],
  ['one word', AWS, 'secret-part', /id:key/],
  ['damaged JSON', AWS, '{"access_key_id":"secret-part"', /not JSON/],
  ['no service account', GCP, '{"type":"authorized_user","refresh_token":"secret-part"}', /service account/],
  ['no private_key', GCP, '{"type":"service_account","client_email":"secret-part@b.test"}', /no private_key/],
  ['no PEM in private_key', GCP, gcpFile({ private_key: 'secret-part' }), /private_key that has no private key in PEM/],
  ['no client_email', GCP, gcpFile({ client_email: 'secret-part' }), /client_email/],
  ['no PEM', APP, 'secret-part', /no private key in PEM/],
  ['a passphrase', APP, encrypted, /passphrase.*openssl pkey/],
  ['a passphrase in the old form', APP, oldEncrypted, /passphrase/],
  ['a damaged key', APP, damaged, /damaged/],
  ['a key that GitHub takes not', APP, ec, /type ec; usable are: rsa/],
  ['two keys', JWT, `${rsa}${ec}`, /more than one private key/],
  ['a public key only', JWT, '-----BEGIN PUBLIC KEY-----\nsecret-part\n-----END PUBLIC KEY-----', /no private key/],
  ['no refresh token', OAUTH, '{"token":"secret-part"}', /refresh_token/],
  ['no certificate', MTLS, ec, /no certificate/],
  ['no key', MTLS, certificate, /no private key/],
  ['a key of another certificate', MTLS, `${other}${ec}`, /does not belong/],
  [
    'a damaged certificate',
    MTLS,
    `${ec}-----BEGIN CERTIFICATE-----\nsecret-part\n-----END CERTIFICATE-----`,
    /damaged/,
  ],
])('%s is refused with its reason, and nothing of the secret is repeated', (_what, use, secret, words) => {
  const problem = secretProblem(use, secret);
  expect(problem).toMatch(words);
  expect(problem).not.toContain('secret-part');
  for (const line of secret.split('\n').filter((each) => each.length > 20)) expect(problem).not.toContain(line);
});

test('when a secret ends by itself is known for certificates and for sessions of AWS', () => {
  const days = ((secretExpiry(MTLS, `${certificate}${ec}`)?.getTime() ?? 0) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(29);
  expect(days).toBeLessThan(31);
  const session = '{"AccessKeyId":"A","SecretAccessKey":"x","SessionToken":"t","Expiration":"2026-12-01T00:00:00Z"}';
  expect(secretExpiry(AWS, session)).toEqual(new Date('2026-12-01T00:00:00Z'));
  expect(secretExpiry(AWS, 'AKID:key')).toBeNull();
  expect(secretExpiry(BEARER, 'x')).toBeNull();
});

test('the parts of a secret come out as they went in', () => {
  expect(awsSecretOf('ASIA:a/b+c:tok==')).toEqual({
    value: { accessKeyId: 'ASIA', secretAccessKey: 'a/b+c', sessionToken: 'tok==', expiresAt: null },
  });
  const form = clientCertificateOf(`${ec}${certificate}${other}`);
  expect('value' in form && form.value.certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect('value' in form && form.value.key).toContain('BEGIN PRIVATE KEY');
});
