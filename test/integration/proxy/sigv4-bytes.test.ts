import type { ConnectionRule } from '../../../access/document.ts';
import { BUCKET, LAMBDA, type SigV4Stage, startSigV4Stage } from './support/aws/sigv4-stage.ts';
import { S1, type World } from './support/world.ts';

let stage: SigV4Stage;

beforeAll(async () => {
  stage = await startSigV4Stage();
}, 600_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

describe('byte for byte', () => {
  beforeEach(async () => {
    stage.answer('verifier');
    stage.origin.forget();
    await stage.use(stage.moto.user);
  });
  const request = (
    host: string,
    target: string,
    options: Parameters<ReturnType<World['sandbox']>['request']>[1] = {},
  ) => stage.world.sandbox(S1).request(`https://${host}${target}`, options);

  /** Not by `request`, because a URL object changes paths. The proxy ends the connection behind the answer. */
  const raw = (host: string, first: string, headers = '') =>
    stage.world
      .sandbox(S1)
      .rawInside(`${host}:443`, `${first} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`, {
        quietMs: 60_000,
      });

  test.each([
    ['/a//b', '/a//b'],
    ['//a', '//a'],
    ['/a+b', '/a%2Bb'],
    ['/a%2Bb%20c', '/a%2Bb%20c'],
    ['/100%25/%C3%BC', '/100%25/%C3%BC'],
    ["/(a)!'*", '/%28a%29%21%27%2A'],
    ['/a/?prefix=a%2Fb&marker=+x&acl', '/a/?prefix=a%2Fb&marker=%20x&acl'],
  ])('the key %s of S3 is sent as %s, and signed', async (written, sent) => {
    const text = await raw(BUCKET, `GET ${written}`);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(stage.origin.received(BUCKET)).toContain(`GET ${sent} HTTP/1.1\r\n`);
  });

  test('a key with dot segments is refused in words', async () => {
    const text = await raw(BUCKET, 'GET /a/../b');
    expect(text).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"cannot_sign"[\s\S]*"connection":"aws"/);
    expect(stage.origin.received(BUCKET)).toBe('');
  });

  test('a key with repeated slashes passes a rule only if the rule covers it as it is', async () => {
    await stage.use(stage.moto.user, { paths: ['/a'] });
    const get = (key: string) => raw(BUCKET, `GET ${key}`);
    expect(await get('/a//b')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await get('//a/b')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"cannot_sign"/);
    expect(await get('/b')).toMatch(/^HTTP\/1\.1 403 [\s\S]*"code":"path_not_allowed"/);
  });

  const SHARED = 's3.eu-central-1.amazonaws.com';
  const copy = (source: string, host = BUCKET, header = 'x-amz-copy-source') =>
    request(host, '/open/x', { method: 'PUT', headers: { [header]: source } });
  const held = (denied: string): ConnectionRule[] =>
    ['inject', 'deny'].map((action) => ({
      action: action as ConnectionRule['action'],
      host: action === 'deny' ? denied : '*.amazonaws.com',
      port: 443,
      scheme: 'https',
      methods: [],
      paths: action === 'deny' ? ['/secret'] : [],
      addresses: action === 'deny' ? [] : [{ range: '127.0.0.1/32', port: stage.origin.port }],
      line: 0,
    }));

  test('an object is copied where the rules keep nothing back', async () => {
    expect((await copy('/acme/key')).status).toBe(200);
    expect((await copy('/other/key')).status).toBe(200);
    expect(stage.origin.received(BUCKET)).toContain('/other/key');
  });

  test.each([
    'x-amz-copy-source',
    'X-Amz-Copy-Source',
    'x-amz-rename-source',
    'x_amz_copy_source',
    'x-oss-copy-source',
  ])('a rule with paths is not evaded by copying (%s)', async (header) => {
    await stage.use(stage.moto.user, { paths: ['/open'] });
    const answer = await copy('/secret/key', SHARED, header);
    expect(answer).toMatchObject({ status: 400, error: { code: 'cannot_sign' } });
    expect(answer.error?.message).toContain('it copies an object, and the access rules keep paths of this host back');
    expect(stage.origin.received(SHARED)).toBe('');
  });

  test('a part of an upload, or a presigned URL, copies nothing either', async () => {
    await stage.use(stage.moto.user, { paths: ['/open'] });
    for (const query of [
      '?partNumber=1&uploadId=u',
      '?X-Amz-Signature=0&X-Amz-Credential=c&x-amz-copy-source=%2Fsecret%2Fkey',
      '?x-amz-copy-sourc%65=%2Fsecret%2Fkey',
    ]) {
      const headers: Record<string, string> = query.startsWith('?part') ? { 'x-amz-copy-source': '/secret/key' } : {};
      const answer = await request(SHARED, `/open/x${query}`, { method: 'PUT', headers });
      expect(answer).toMatchObject({ status: 400, error: { code: 'cannot_sign' } });
    }
    expect(stage.origin.received(SHARED)).toBe('');
  });

  test('a deny, a guardrail and a rule without reading are not evaded by copying', async () => {
    await stage.use(stage.moto.user, {}, null, { rules: held('*.amazonaws.com') });
    expect(await copy('/secret/key', SHARED)).toMatchObject({ status: 400, error: { code: 'cannot_sign' } });
    await stage.use(stage.moto.user, {}, null, { rules: held(`secret.${SHARED}`) });
    expect(await copy('/secret/key', SHARED)).toMatchObject({ status: 400, error: { code: 'cannot_sign' } });
    await stage.use(stage.moto.user, { methods: ['PUT'] });
    expect(await copy('/acme/key')).toMatchObject({ status: 400, error: { code: 'cannot_sign' } });
    const guardrail = { id: 'no', host: SHARED, port: null, methods: [], paths: ['/secret'], reason: '', line: 0 };
    await stage.use(stage.moto.user, {}, null, { guardrails: [guardrail] });
    expect(await copy('/secret/key', SHARED)).toMatchObject({ status: 400, error: { code: 'cannot_sign' } });
    // The bucket has a host of its own, which the rule for every host covers too.
    const bucket = { ...guardrail, host: `secret.${SHARED}`, paths: [] };
    await stage.use(stage.moto.user, {}, null, { guardrails: [bucket] });
    for (const host of [SHARED, BUCKET]) {
      expect(await copy('/secret/key', host)).toMatchObject({ status: 400, error: { code: 'cannot_sign' } });
      const headers = { 'x-amz-copy-source': '/secret/key' };
      const likeList = await request(host, '/open/x?delete', { method: 'PUT', headers });
      expect(likeList).toMatchObject({ status: 400, error: { code: 'cannot_sign' } });
      expect(stage.origin.received(host)).toBe('');
    }
  });

  test.each(['?delete', '?delete=', '?x=1&%64elete'])(
    'objects that a body names are deleted (%s) only where the rules keep nothing back, and allow DELETE',
    async (query) => {
      const body = '<Delete><Object><Key>secret/key</Key></Object></Delete>';
      const remove = () => request(SHARED, `/open${query}`, { method: 'POST', body });
      expect((await remove()).status).toBe(200);
      stage.origin.forget();
      const guardrail = {
        id: 'no',
        host: SHARED,
        port: null,
        methods: [],
        paths: ['/open/secret'],
        reason: '',
        line: 0,
      };
      for (const [rule, more] of [
        [{ paths: ['/open'] }, {}],
        [{ methods: ['POST', 'GET'] }, {}],
        [{}, { rules: held('*.amazonaws.com') }],
        [{}, { guardrails: [guardrail] }],
      ] as const) {
        await stage.use(stage.moto.user, rule as Partial<ConnectionRule>, null, more);
        const answer = await remove();
        expect(answer).toMatchObject({ status: 400, error: { code: 'cannot_sign' } });
        expect(answer.error?.message).toContain('its body names the objects to delete');
      }
      expect(stage.origin.received(SHARED)).toBe('');
    },
  );

  test('a connection to one bucket copies from this bucket only', async () => {
    await stage.use(stage.moto.user, { host: BUCKET });
    expect((await copy('acme/key')).status).toBe(200);
    expect((await copy('/acme%2Fkey')).status).toBe(200);
    for (const source of ['/secret/key', '%2Fsecret%2Fkey', 'arn:aws:s3:eu-central-1:1:accesspoint/acme/object/key']) {
      const answer = await copy(source);
      expect(answer).toMatchObject({ status: 400, error: { code: 'cannot_sign' } });
      expect(answer.error?.message).toContain('of another bucket than acme');
    }
  });

  test('an upload in signed chunks arrives as an ordinary one', async () => {
    const chunk = (text: string) => `${text.length.toString(16)};chunk-signature=${'0'.repeat(64)}\r\n${text}\r\n`;
    const body = chunk('x'.repeat(65_536)) + chunk('end') + chunk('');
    const answer = await request(BUCKET, '/chunks', {
      method: 'PUT',
      body,
      headers: {
        'content-encoding': 'aws-chunked',
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'x-amz-decoded-content-length': String(65_536 + 3),
      },
    });
    expect(answer).toMatchObject({ status: 200, text: `${'x'.repeat(65_536)}end` });
    expect(stage.origin.received(BUCKET)).not.toMatch(/aws-chunked|chunk-signature|decoded/i);
    const broken = await request(BUCKET, '/chunks', {
      method: 'PUT',
      body: body.slice(0, -20),
      headers: {
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'x-amz-decoded-content-length': '3',
      },
    });
    expect(broken).toMatchObject({ status: 400, error: { code: 'bad_request' } });
  });

  test('a body without a hash is read for the other services, and S3 takes it unsigned', async () => {
    const body = 'x'.repeat(5_000_000);
    expect(await request(LAMBDA, '/2015-03-31/functions/f/invocations', { method: 'POST', body })).toMatchObject({
      status: 200,
      text: body,
    });
    expect(stage.origin.received(LAMBDA)).not.toContain('UNSIGNED');
    expect(await request(BUCKET, '/x', { method: 'PUT', body })).toMatchObject({ status: 200 });
    expect(stage.origin.received(BUCKET)).toContain('UNSIGNED-PAYLOAD');
  });

  test('a body that is too large to be read is refused before it is sent', async () => {
    const text = await raw(LAMBDA, 'POST /', `Content-Length: ${65 * 1024 * 1024}\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"body_too_large"/);
  });

  test('a body whose hash is a lie is refused by the host', async () => {
    const headers = { 'x-amz-content-sha256': 'a'.repeat(64) };
    const answer = await request(LAMBDA, '/x', { method: 'POST', body: 'a', headers });
    expect(answer).toMatchObject({ status: 403, text: 'the body is not what was signed' });
  });

  test('a path of another service is sent in the form that was judged', async () => {
    expect(await raw(LAMBDA, 'GET //a/../b%2Bc/d:e')).toMatch(/^HTTP\/1\.1 200 /);
    expect(stage.origin.received(LAMBDA)).toContain('GET /b%2Bc/d:e HTTP/1.1\r\n');
  });
});
