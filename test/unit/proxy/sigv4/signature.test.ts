import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import aws4 from 'aws4';
import fc from 'fast-check';
import type { UnsignedRequest } from '../../../../proxy/credentials/injection.ts';
import { type AwsKey, authorizationOf, type Signable, sha256 } from '../../../../proxy/credentials/sigv4/signature.ts';
import { sigV4Injection } from '../../../../proxy/credentials/sigv4/sigv4-injection.ts';

const S3_KEY: AwsKey = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
};
const EMPTY = sha256(Buffer.alloc(0));

function s3Example(more: Partial<Signable> & Pick<Signable, 'method' | 'path'>): string {
  const { headers = [], ...rest } = more;
  const payload = more.payload ?? EMPTY;
  const signable: Signable = {
    query: [],
    region: 'us-east-1',
    service: 's3',
    date: '20130524T000000Z',
    ...rest,
    payload,
    headers: [
      ['host', 'examplebucket.s3.amazonaws.com'],
      ['x-amz-content-sha256', payload],
      ['x-amz-date', '20130524T000000Z'],
      ...headers,
    ],
  };
  return /Signature=(.*)$/.exec(authorizationOf(signable, S3_KEY))?.[1] ?? '';
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Examples: Signature Calculations"
test('the examples in the documentation of S3 come out as documented', () => {
  expect(s3Example({ method: 'GET', path: '/test.txt', headers: [['range', 'bytes=0-9']] })).toBe(
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
  expect(
    s3Example({
      method: 'PUT',
      path: '/test%24file.text',
      payload: sha256(Buffer.from('Welcome to Amazon S3.')),
      headers: [
        ['date', 'Fri, 24 May 2013 00:00:00 GMT'],
        ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      ],
    }),
  ).toBe('98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd');
  expect(s3Example({ method: 'GET', path: '/', query: [['lifecycle', '']] })).toBe(
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  );
  expect(
    s3Example({
      method: 'GET',
      path: '/',
      query: [
        ['prefix', 'J'],
        ['max-keys', '2'],
      ],
    }),
  ).toBe('34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
test('the example in the documentation of IAM comes out as documented', () => {
  const authorization = authorizationOf(
    {
      method: 'GET',
      path: '/',
      query: [
        ['Action', 'ListUsers'],
        ['Version', '2010-05-08'],
      ],
      headers: [
        ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
        ['host', 'iam.amazonaws.com'],
        ['x-amz-date', '20150830T123600Z'],
      ],
      payload: EMPTY,
      region: 'us-east-1',
      service: 'iam',
      date: '20150830T123600Z',
    },
    {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      sessionToken: null,
    },
  );
  expect(authorization).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, ' +
      'SignedHeaders=content-type;host;x-amz-date, ' +
      'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  );
});

const segment = fc.stringMatching(/^(?:[A-Za-z0-9_.~!$&'()*+,;=:@-]|%[2-7][0-9A-F]|%C3%A9){1,8}$/);
const param = fc.tuple(
  fc.stringMatching(/^[a-z][A-Za-z0-9.-]{0,8}$/),
  fc.stringMatching(/^(?:[A-Za-z0-9_.~!$'()*,:@/?-]|%[2-7][0-9A-F]|%C3%A9){0,8}$/),
);
const requests = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
  service: fc.constantFrom('s3', 'dynamodb', 'execute-api', 'lambda'),
  segments: fc.array(segment, { maxLength: 4 }),
  query: fc.uniqueArray(param, { maxLength: 4, selector: ([name]) => name }),
  meta: fc.stringMatching(/^[A-Za-z0-9][ A-Za-z0-9,;"=]{0,10}$/),
  body: fc.string({ maxLength: 40 }),
  token: fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{1,20}$/)),
});
type Case = typeof requests extends fc.Arbitrary<infer T> ? T : never;

const NOW = new Date('2026-11-28T12:00:00.000Z');

function signed(each: Case) {
  // Dot segments are refused for S3 and resolved before signing for the others.
  const path = `/${each.segments.filter((text) => !/^(?:\.|%2E){1,2}$/i.test(text)).join('/')}`;
  const key = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a/secret+key', sessionToken: each.token };
  const request: UnsignedRequest = {
    method: each.method,
    host: `${each.service}.eu-central-1.amazonaws.com`,
    path,
    rawPath: path,
    query: each.query.length === 0 ? '' : `?${each.query.map(([name, value]) => `${name}=${value}`).join('&')}`,
    headers: [
      ['host', `${each.service}.eu-central-1.amazonaws.com`],
      ['content-type', 'application/json'],
      ['x-amz-meta-note', each.meta],
      ['x-amz-content-sha256', sha256(Buffer.from(each.body))],
    ],
    ownAuthorization: null,
    hasBody: each.body !== '',
    covers: () => true,
    ruleHost: '*.amazonaws.com',
    holdsBack: false,
  };
  const injection = sigV4Injection({ key, region: null, service: null, connection: 'aws', now: () => NOW });
  return { key, request, signing: injection.sign(request, () => Promise.reject(new Error('not needed'))) };
}

test("signatures are those of AWS's own library", async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (each) => {
      const { key, request, signing } = signed(each);
      const ours = await signing;
      const [path = '', query = ''] = ours.target.split('?');
      const library = new SignatureV4({
        service: each.service,
        region: 'eu-central-1',
        sha256: NodeHash as never,
        uriEscapePath: each.service !== 's3',
        credentials: { ...key, ...(key.sessionToken === null ? { sessionToken: undefined } : {}) } as never,
      });
      const theirs = await library.sign(
        {
          method: each.method,
          protocol: 'https:',
          hostname: request.host,
          path,
          query: Object.fromEntries([...new URLSearchParams(query)]),
          headers: Object.fromEntries(request.headers),
          body: each.body,
        },
        { signingDate: NOW },
      );
      expect(Object.fromEntries(ours.headers).authorization).toBe(theirs.headers.authorization);
    }),
    { numRuns: 300 },
  );
});

test('signatures are those of aws4', async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (each) => {
      const { key, request, signing } = signed(each);
      const ours = await signing;
      const theirs = aws4.sign(
        {
          service: each.service,
          region: 'eu-central-1',
          host: request.host,
          method: each.method,
          path: ours.target,
          headers: {
            ...Object.fromEntries(request.headers.filter(([name]) => name !== 'host')),
            Host: request.host,
            'X-Amz-Date': '20261128T120000Z',
          },
          body: each.body === '' ? undefined : each.body,
          extraHeadersToIgnore: { 'content-length': true },
        } as never,
        key as never,
      );
      expect(Object.fromEntries(ours.headers).authorization).toBe(
        (theirs.headers as Record<string, string>).Authorization,
      );
    }),
    { numRuns: 300 },
  );
});

/** SHA-256 in the shape that the library asks for. */
class NodeHash {
  private readonly hash: Hash | Hmac;
  constructor(secret?: string | Uint8Array) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as never);
  }
  update(data: string | Uint8Array): void {
    this.hash.update(data as never);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.hash.digest()));
  }
  reset(): void {}
}
