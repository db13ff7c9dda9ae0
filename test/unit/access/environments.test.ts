import { randomBytes } from 'node:crypto';
import { environmentSchema, toEnvironment } from '../../../access/environments/environment-schema.ts';
import { secretLike } from '../../../access/environments/secret-like.ts';
import { nearestName } from '../../../access/nearest-name.ts';
import type { ScopeKey } from '../../../contracts/scope.ts';

const problems = (content: unknown) =>
  environmentSchema.safeParse(content).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

test('an environment is read with its defaults', () => {
  const written = environmentSchema.parse({
    packages: ['postgresql-client', 'ffmpeg', 'ffmpeg'],
    setup: 'npm install -g pnpm@9\n',
    variables: { NODE_ENV: 'test', RETRIES: 3, VERBOSE: true },
    'memory-mb': 4096,
  });
  expect(toEnvironment('node', written)).toEqual({
    name: 'node',
    packages: ['ffmpeg', 'postgresql-client'],
    setup: 'npm install -g pnpm@9\n',
    variables: { NODE_ENV: 'test', RETRIES: '3', VERBOSE: 'true' },
    memoryMb: 4096,
    cpus: null,
    registries: ['debian'],
  });
  expect(toEnvironment('empty', environmentSchema.parse({}))).toMatchObject({
    packages: [],
    registries: [],
    setup: '',
  });
});

test.each([
  'debian',
  'debian:bookworm-slim',
  'tools:1.2_rc-3',
  'registry.example/team/sub__folder/tools:1.2',
  'localhost:5000/tools',
  `registry.example:5000/team/tools@sha256:${'0a'.repeat(32)}`,
])('the image %s is a name', (image) => {
  expect(toEnvironment('own', environmentSchema.parse({ image }))).toMatchObject({ image });
});

test.each([
  [{ packages: ['a; rm -rf /'] }, /is no name of a Debian package/],
  [{ packages: ['--allow-unauthenticated'] }, /is no name of a Debian package/],
  [{ image: 'registry.example/Team/tools' }, /is no name of an image/],
  [{ image: 'tools:1 --privileged' }, /is no name of an image/],
  [{ image: 'https://registry.example/tools' }, /is no name of an image/],
  [{ image: 'user:word@registry.example/tools' }, /is no name of an image/],
  [{ registries: ['composer'] }, /is none of npm, pypi/],
  [{ 'memory-mb': 10 }, /at least 256/],
  [{ package: [] }, /unknown key/],
  [{ variables: { 'A-B': 'x' } }, /is no name of a variable/],
  [{ variables: { LD_PRELOAD: '/workspace/x.so' } }, /set by the sandbox itself/],
  [{ variables: { https_proxy: 'http://elsewhere:1' } }, /set by the sandbox itself/],
  [{ variables: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } }, /set by the sandbox itself/],
  [{ variables: { BASH_ENV: '/workspace/x' } }, /set by the sandbox itself/],
  [{ variables: { A: 'two\nlines' } }, /more than one line/],
  [{ variables: { GITHUB_TOKEN: 'x' } }, /GITHUB_TOKEN: is no place for a secret, and its name is that of a secret/],
])('%j is refused with a reason', (content, reason) => {
  expect(problems(content).join('\n')).toMatch(reason);
});

/** Put together here, so that nothing in this file looks like one to whoever searches it. */
const SECRETS: readonly (readonly [string, string])[] = [
  ['DB_PASSWORD', 'hunter2'],
  ['clientSecret', 'abc'],
  ['STRIPE_API_KEY', 'x'],
  ['AWS_SECRET_ACCESS_KEY', 'x'],
  ['A', `gh${'p_'}${'a1B2'.repeat(9)}`],
  ['A', `glp${'at-'}${'a1B2'.repeat(5)}`],
  ['A', `xox${'b-'}123456789-abcdef`],
  ['A', `AK${'IA'}IOSFODNN7EXAMPLE`],
  ['A', `sk${'-'}${'a1B2'.repeat(8)}`],
  ['A', 'postgres://app:hunter2@db.corp.test/app'],
  ['A', '-----BEGIN RSA PRIVATE KEY-----'],
  ['A', `prefix=${randomBytes(30).toString('base64url')}`],
  ['A', randomBytes(32).toString('hex')],
];
test.each(SECRETS)('%s=… looks like a secret', (name, value) => {
  expect(secretLike(name, value)).not.toBeNull();
});

test.each([
  ['NODE_ENV', 'test'],
  ['DATABASE_URL', 'postgres://app@db.corp.test:5432/app'],
  ['MAVEN_OPTS', '-Xmx1024m -XX:+UseSerialGC -Djava.awt.headless=true'],
  ['TOKENIZERS_PARALLELISM', 'false'],
  ['MAX_TOKENS', '2000'],
  ['AUTHOR', 'Bellhop'],
  ['PYTHONPATH', '/workspace/src:/workspace/vendor/lib/python3.11/site-packages'],
  ['BUILD_ID', '2027-03-01T08:30:00.000Z'],
  ['CLASS', 'com.example.very.long.package.names.with.MixedCase2Words'],
  ['TEXT', 'a sentence of ordinary words that goes on and on for quite a while'],
  ['KEYBOARD', 'de'],
  ['COMPASS', 'north'],
])('%s=%s does not', (name, value) => {
  expect(secretLike(name, value)).toBeNull();
});

test('random keys are noticed whatever their letters', () => {
  for (let i = 0; i < 200; i += 1) {
    expect(secretLike('A', randomBytes(30).toString('base64url'))).not.toBeNull();
    expect(secretLike('A', randomBytes(24).toString('hex'))).not.toBeNull();
  }
});

test('the nearest environment wins', () => {
  const attached = new Map<ScopeKey, string>([
    ['organization', 'default'],
    ['workspace:T1', 'node'],
    ['channel:T1:C1', 'java'],
  ]);
  expect(nearestName((each) => attached.get(each), 'channel:T1:C1')).toBe('java');
  expect(nearestName((each) => attached.get(each), 'channel:T1:C2')).toBe('node');
  expect(nearestName((each) => attached.get(each), 'channel:T2:C1')).toBe('default');
  expect(nearestName((each) => attached.get(each), 'person:T1:U1')).toBe('default');
  expect(nearestName(() => undefined, 'channel:T1:C1')).toBeNull();
});
