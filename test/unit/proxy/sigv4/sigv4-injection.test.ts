import { matchesPath } from '../../../../access/path-match.ts';
import type { UnsignedRequest } from '../../../../proxy/credentials/injection.ts';
import { sha256 } from '../../../../proxy/credentials/sigv4/signature.ts';
import { type SigV4Options, sigV4Injection } from '../../../../proxy/credentials/sigv4/sigv4-injection.ts';

const S3 = 'acme.s3.eu-central-1.amazonaws.com';
const DYNAMO = '123456789012.ddb.eu-west-1.amazonaws.com';
const NOW = new Date('2026-11-28T12:00:00.000Z');

function sign(request: Partial<UnsignedRequest>, { body, ...more }: Partial<SigV4Options> & { body?: string } = {}) {
  const { host = S3, rawPath = '/' } = request;
  const injection = sigV4Injection({
    key: { accessKeyId: 'AKIDOURS', secretAccessKey: 'secret', sessionToken: null },
    region: null,
    service: null,
    connection: 'aws',
    now: () => NOW,
    ...more,
  });
  const unsigned: UnsignedRequest = {
    method: 'GET',
    path: rawPath,
    query: '',
    ownAuthorization: null,
    hasBody: false,
    covers: () => true,
    ruleHost: '*.amazonaws.com',
    holdsBack: false,
    ...request,
    host,
    rawPath,
    headers: [['host', host], ...(request.headers ?? [])],
  };
  return injection.sign(unsigned, async () => {
    if (body === undefined) throw new Error('the body was asked for');
    return Buffer.from(body);
  });
}

const headersOf = ({ headers }: Awaited<ReturnType<typeof sign>>) => Object.fromEntries(headers);

test("the client's own signature is replaced, with its date and its token", async () => {
  const signed = await sign({
    headers: [
      ['authorization', 'AWS4-HMAC-SHA256 Credential=AKIDPLACEHOLDER/x, SignedHeaders=host, Signature=00'],
      ['x-amz-date', '20010101T000000Z'],
      ['x-amz-security-token', 'theirs'],
      ['accept', '*/*'],
    ],
  });
  const headers = headersOf(signed);
  expect(headers.authorization).toContain('Credential=AKIDOURS/20261128/eu-central-1/s3/aws4_request');
  expect(headers['x-amz-date']).toBe('20261128T120000Z');
  expect(headers.accept).toBe('*/*');
  expect(JSON.stringify(signed)).not.toMatch(/theirs|PLACEHOLDER|20010101/);
});

test('where a host of S3 serves every region, the region is the one that the client named', async () => {
  const scope = 'AKIDPLACEHOLDER/20261128/eu-west-1/s3/aws4_request';
  const ownAuthorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`;
  const regionAt = async (host: string, more: Partial<UnsignedRequest>, options: Partial<SigV4Options> = {}) =>
    /\/\d{8}\/([^/]*)/.exec(headersOf(await sign({ host, ...more }, options)).authorization ?? '')?.[1];
  expect(await regionAt('acme.s3.amazonaws.com', { ownAuthorization })).toBe('eu-west-1');
  expect(await regionAt('acme.s3-accelerate.amazonaws.com', { ownAuthorization })).toBe('eu-west-1');
  const query = `?X-Amz-Credential=${encodeURIComponent(scope)}`;
  expect(await regionAt('acme.s3.amazonaws.com', { query })).toBe('eu-west-1');
  expect(await regionAt('acme.s3.amazonaws.com', {})).toBe('us-east-1');
  expect(await regionAt('acme.s3.amazonaws.com', { ownAuthorization }, { region: 'eu-north-1' })).toBe('eu-north-1');
  expect(await regionAt(S3, { ownAuthorization })).toBe('eu-central-1');
});

test('the time of a signature is that at which the body is there', async () => {
  let time = NOW;
  const injection = sigV4Injection({
    key: { accessKeyId: 'AKIDOURS', secretAccessKey: 'secret', sessionToken: null },
    region: null,
    service: null,
    connection: 'aws',
    now: () => time,
  });
  const request: UnsignedRequest = {
    method: 'POST',
    host: DYNAMO,
    path: '/',
    rawPath: '/',
    query: '',
    ownAuthorization: null,
    headers: [['host', DYNAMO]],
    hasBody: true,
    covers: () => true,
    ruleHost: '*.amazonaws.com',
    holdsBack: false,
  };
  const signed = await injection.sign(request, async () => {
    time = new Date('2026-11-28T12:10:00.000Z');
    return Buffer.from('slow');
  });
  expect(headersOf(signed)['x-amz-date']).toBe('20261128T121000Z');
});

test('a session token is sent and signed', async () => {
  const key = { accessKeyId: 'ASIAOURS', secretAccessKey: 'secret', sessionToken: 'a token' };
  const headers = headersOf(await sign({}, { key }));
  expect(headers['x-amz-security-token']).toBe('a token');
  expect(headers.authorization).toContain(';x-amz-security-token,');
});

test('region and service that are set win over the host, and a host without them needs them', async () => {
  const set = await sign({ host: 'minio.corp.test' }, { region: 'us-east-1', service: 's3' });
  expect(headersOf(set).authorization).toContain('/us-east-1/s3/aws4_request');
  await expect(sign({ host: 'minio.corp.test' }, { region: 'us-east-1' })).rejects.toMatchObject({
    code: 'inject_failed',
    message: expect.stringContaining('set service'),
  });
  await expect(sign({ host: 'acme.s3-accelerate.amazonaws.com' })).rejects.toMatchObject({
    message: expect.stringContaining('set region'),
  });
});

test('the signature of a presigned URL goes, and its other parameters become what they stand for', async () => {
  const signed = await sign({
    query:
      '?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDPLACEHOLDER%2F20010101&X-Amz-Date=20010101T000000Z' +
      '&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=00&X-Amz-Security-Token=theirs' +
      '&x-amz-acl=public-read&response-content-type=text%2Fplain&x-id=GetObject',
  });
  expect(signed.target).toBe('/?response-content-type=text%2Fplain&x-id=GetObject');
  expect(headersOf(signed)).toMatchObject({ 'x-amz-acl': 'public-read', 'x-amz-content-sha256': sha256(Buffer.of()) });
  expect(JSON.stringify(signed)).not.toMatch(/theirs|PLACEHOLDER|20010101/);
});

test('a URL that was presigned in the old way becomes an ordinary one', async () => {
  const signed = await sign({ query: '?AWSAccessKeyId=AKIDPLACEHOLDER&Expires=1&Signature=abc%3D&versionId=7' });
  expect(signed.target).toBe('/?versionId=7');
});

test('parameters of the same names without a signature stay', async () => {
  expect((await sign({ query: '?Expires=1&x-amz-acl=private' })).target).toBe('/?Expires=1&x-amz-acl=private');
});

describe('a path of S3', () => {
  test.each([
    ['/a//b', '/a//b'],
    ['//a', '//a'],
    ['/a+b', '/a%2Bb'],
    ['/a%20b%2Bc', '/a%20b%2Bc'],
    ['/a%25b%E2%82%AC', '/a%25b%E2%82%AC'],
    ["/a!b(c)'d*", '/a%21b%28c%29%27d%2A'],
    ['/a%2Fb', '/a/b'],
    ['/a/', '/a/'],
  ])('%s is sent and signed as %s', async (rawPath, sent) => {
    expect((await sign({ rawPath })).target).toBe(sent);
  });

  test.each(['/a/../b', '/./a', '/a/%2e%2E/b', '/a%2F..%2Fb', '/..'])('%s is refused', async (rawPath) => {
    await expect(sign({ rawPath })).rejects.toMatchObject({ code: 'cannot_sign' });
  });

  test('a key with repeated slashes needs a rule that covers it as it is', async () => {
    const under = (...prefixes: string[]) => ({ covers: (path: string) => matchesPath(prefixes, path) });
    expect((await sign({ rawPath: '/a//b', path: '/a/b', ...under('/a') })).target).toBe('/a//b');
    // The rule lets `/a/b` through, and to S3 the key of this request is not below `a/`.
    const outside = sign({ rawPath: '//a/b', path: '/a/b', ...under('/a') });
    await expect(outside).rejects.toMatchObject({ code: 'cannot_sign', message: expect.stringContaining('/a/b') });
  });
});

test('other services get the path that was judged', async () => {
  expect((await sign({ host: DYNAMO, rawPath: '//a/../b', path: '/b' })).target).toBe('/b');
});

test('a query is sent as it is signed', async () => {
  const signed = await sign({ query: '?b=x+y&a=%7e&acl&c=a%2fb&d=%zz&e=1=2&b=' });
  expect(signed.target).toBe('/?b=x%20y&a=~&acl&c=a%2Fb&d=%25zz&e=1%3D2&b=');
});

describe('a body', () => {
  const hash = sha256(Buffer.from('body'));
  const put = { method: 'PUT', hasBody: true } as const;
  const said = (word: string, ...more: [string, string][]) => ({
    headers: [['x-amz-content-sha256', word], ...more] as [string, string][],
  });
  const sentHash = async (signing: ReturnType<typeof sign>) => headersOf(await signing)['x-amz-content-sha256'];

  test.each([S3, DYNAMO])('with a hash is not read: the hash is signed, to %s', async (host) => {
    expect(await sentHash(sign({ ...put, host, ...said(hash) }))).toBe(hash);
  });

  test('without a hash is not signed for S3, and read for the others', async () => {
    expect(await sentHash(sign(put))).toBe('UNSIGNED-PAYLOAD');
    expect(await sentHash(sign({ ...put, host: DYNAMO }, { body: 'body' }))).toBe(hash);
    expect(await sentHash(sign({ host: DYNAMO }))).toBe(sha256(Buffer.of()));
  });

  test.each(['UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'])('of the form %s passes', async (word) => {
    const signed = await sign({ ...put, ...said(word, ['x-amz-trailer', 'x-amz-checksum-crc32']) });
    expect(headersOf(signed)).toMatchObject({ 'x-amz-content-sha256': word, 'x-amz-trailer': 'x-amz-checksum-crc32' });
    expect(signed.rewriteBody).toBeUndefined();
  });

  test.each(['', '-TRAILER'])('in signed chunks%s becomes an ordinary one', async (trailer) => {
    const signed = await sign({
      ...put,
      ...said(
        `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${trailer}`,
        ['x-amz-decoded-content-length', '11'],
        ['content-length', '400'],
        ['content-encoding', 'aws-chunked,gzip'],
        ['x-amz-sdk-checksum-algorithm', 'CRC32'],
        ['x-amz-trailer', 'x-amz-checksum-crc32'],
      ),
    });
    expect(headersOf(signed)).toMatchObject({
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'content-length': '11',
      'content-encoding': 'gzip',
    });
    expect(Object.keys(headersOf(signed)).filter((name) => /trailer|decoded|checksum/.test(name))).toEqual([]);
    const chunks = signed.rewriteBody?.();
    chunks?.end(
      `5;chunk-signature=${'0'.repeat(64)}\r\nhello\r\n6;chunk-signature=${'1'.repeat(64)}\r\n world\r\n` +
        `0;chunk-signature=${'2'.repeat(64)}\r\nx-amz-checksum-crc32:AAAA==\r\nx-amz-trailer-signature:00\r\n\r\n`,
    );
    expect(Buffer.concat((await chunks?.toArray()) as Buffer[]).toString()).toBe('hello world');
  });

  test.each([
    ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', S3],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', DYNAMO],
    ['STREAMING-AWS4-HMAC-SHA256-EVENTS', S3],
    ['nonsense', S3],
  ])('of the form %s to %s is refused in words', async (word, host) => {
    await expect(sign({ ...put, host, ...said(word) })).rejects.toMatchObject({
      code: 'cannot_sign',
      message: expect.stringContaining(word),
    });
  });

  test('with two hashes, or in signed chunks without a length, is refused', async () => {
    await expect(sign({ ...put, ...said(hash, ['x-amz-content-sha256', hash]) })).rejects.toMatchObject({
      code: 'cannot_sign',
    });
    await expect(sign({ ...put, ...said('STREAMING-AWS4-HMAC-SHA256-PAYLOAD') })).rejects.toMatchObject({
      code: 'cannot_sign',
    });
  });
});

describe('Signature Version 4A', () => {
  const MULTI_REGION = 'mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com';
  const scope = 'AKIDPLACEHOLDER/20261128/s3/aws4_request';
  const own = `AWS4-ECDSA-P256-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`;

  test.each<[string, Partial<UnsignedRequest>, Partial<SigV4Options>]>([
    ['a Multi-Region Access Point', { host: MULTI_REGION }, {}],
    ['one with a region in the credential', { host: MULTI_REGION }, { region: 'eu-central-1', service: 's3' }],
    ['a global endpoint of EventBridge', { host: 'abcde.veo.endpoint.events.amazonaws.com' }, { region: 'us-east-1' }],
    ['a store of keys of CloudFront', { host: '123456789012.cloudfront-kvs.global.api.aws' }, {}],
    ['a signature of the client', { ownAuthorization: own }, {}],
    ['its set of regions', { headers: [['x-amz-region-set', '*']] }, {}],
    ['a presigned URL', { query: '?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Signature=00' }, {}],
    ['a presigned set of regions', { query: '?x-amz-region%2Dset=%2A' }, {}],
  ])('is refused in words, by %s', async (_what, request, options) => {
    await expect(sign(request, options)).rejects.toMatchObject({
      code: 'cannot_sign',
      message: expect.stringContaining('Signature Version 4A'),
    });
  });

  test('is not meant by a bucket that is named like it', async () => {
    const host = 'accesspoint.s3-global.s3.eu-central-1.amazonaws.com';
    expect(headersOf(await sign({ host })).authorization).toContain('/eu-central-1/s3/aws4_request');
  });
});
