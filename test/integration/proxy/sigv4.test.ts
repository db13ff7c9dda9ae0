import { awsClient } from './support/aws/moto.ts';
import { BUCKET, type SigV4Stage, startSigV4Stage } from './support/aws/sigv4-stage.ts';
import { S1 } from './support/world.ts';

let stage: SigV4Stage;

beforeAll(async () => {
  stage = await startSigV4Stage();
}, 600_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

const CASES: Readonly<Record<string, unknown>> = {
  'virtual host, checksum behind the body': ['xxxxxxxxxx', { note: 'a  b' }, ['a/b c.txt']],
  'path style, no checksum': ['xxxxxxxxxx', { note: 'a  b' }, ['a/b c.txt']],
  'payload signing': 'signed',
  'presigned URLs': ['by URL', 'STANDARD_IA'],
  'DynamoDB at the endpoint of an account': '1',
  'Kinesis at the endpoint of an account': 'shardId-000000000000',
  SQS: 'q',
};

describe("AWS's own client works with a placeholder for a key", () => {
  beforeAll(async () => {
    stage.answer('moto');
    await stage.use(stage.moto.user);
    const bucket = await stage.world.sandbox(S1).request(`https://${BUCKET}/`, {
      method: 'PUT',
      body: '<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>',
    });
    expect({ status: bucket.status, text: bucket.text }).toMatchObject({ status: 200 });
  });

  test('for S3, DynamoDB, Kinesis, SQS and STS, where each signature is verified', async () => {
    const names = [...Object.keys(CASES), 'STS of a region', 'STS of all regions'];
    const results = await awsClient(stage.moto.python, names, stage.environment());
    const user = 'arn:aws:iam::123456789012:user/bellhop';
    expect(results).toEqual({ ...CASES, 'STS of a region': user, 'STS of all regions': user });
    expect(stage.origin.received()).not.toContain('PLACEHOLDER');
    await stage.nothingLeaked(stage.moto.user);
  }, 60_000);

  test('with a key for a session, too', async () => {
    await stage.use(stage.moto.session);
    const results = await awsClient(stage.moto.python, ['STS of a region', 'payload signing'], stage.environment());
    expect(results).toEqual({
      'STS of a region': 'arn:aws:sts::123456789012:assumed-role/bellhop/bellhop',
      'payload signing': 'signed',
    });
    await stage.nothingLeaked(stage.moto.session);
  }, 60_000);

  test('and not with a wrong key: the host does verify', async () => {
    await stage.use({ ...stage.moto.user, SecretAccessKey: 'a-wrong-key' });
    const results = await awsClient(stage.moto.python, ['SQS', 'payload signing'], stage.environment());
    expect(results).toEqual({
      SQS: expect.stringContaining('SignatureDoesNotMatch'),
      'payload signing': expect.stringContaining('SignatureDoesNotMatch'),
    });
  }, 60_000);
});
