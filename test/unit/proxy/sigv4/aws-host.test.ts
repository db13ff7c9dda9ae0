import { awsPlace } from '../../../../proxy/credentials/sigv4/aws-host.ts';

test.each([
  // S3 in all its forms: virtual host, path-style, dualstack, FIPS, old global and dashed names, access points.
  ['acme-backups.s3.eu-central-1.amazonaws.com', 's3', 'eu-central-1'],
  ['s3.eu-central-1.amazonaws.com', 's3', 'eu-central-1'],
  ['s3.dualstack.eu-west-1.amazonaws.com', 's3', 'eu-west-1'],
  ['a.s3.dualstack.eu-west-1.amazonaws.com', 's3', 'eu-west-1'],
  ['a.s3-fips.dualstack.us-gov-west-1.amazonaws.com', 's3', 'us-gov-west-1'],
  ['s3.amazonaws.com', 's3', 'us-east-1'],
  ['acme.s3.amazonaws.com', 's3', 'us-east-1'],
  ['acme.s3-eu-west-1.amazonaws.com', 's3', 'eu-west-1'],
  ['s3-external-1.amazonaws.com', 's3', 'us-east-1'],
  ['s3.cn-north-1.amazonaws.com.cn', 's3', 'cn-north-1'],
  ['s3.us-east-1.api.aws', 's3', 'us-east-1'],
  ['ap-123456789012.s3-accesspoint.eu-west-1.amazonaws.com', 's3', 'eu-west-1'],
  ['123456789012.s3-control.eu-west-1.amazonaws.com', 's3', 'eu-west-1'],
  ['b--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com', 's3express', 'us-east-1'],
  ['l-123.s3-object-lambda.eu-west-1.amazonaws.com', 's3-object-lambda', 'eu-west-1'],
  ['acme.s3-accelerate.amazonaws.com', 's3', null],
  ['acme.s3-accelerate.dualstack.amazonaws.com', 's3', null],
  // A bucket may have the name of a region or a service.
  ['us-west-2.s3.amazonaws.com', 's3', 'us-east-1'],
  ['dynamodb.eu-west-1.s3.eu-central-1.amazonaws.com', 's3', 'eu-central-1'],
  // DynamoDB and Kinesis with endpoints of an account.
  ['dynamodb.eu-west-1.amazonaws.com', 'dynamodb', 'eu-west-1'],
  ['123456789012.ddb.eu-west-1.amazonaws.com', 'dynamodb', 'eu-west-1'],
  ['streams.dynamodb.eu-west-1.amazonaws.com', 'dynamodb', 'eu-west-1'],
  ['kinesis.eu-west-1.amazonaws.com', 'kinesis', 'eu-west-1'],
  ['123456789012.data-kinesis.eu-west-1.amazonaws.com', 'kinesis', 'eu-west-1'],
  ['123456789012.control-kinesis.eu-west-1.amazonaws.com', 'kinesis', 'eu-west-1'],
  // Services of all regions, and STS of one.
  ['sts.amazonaws.com', 'sts', 'us-east-1'],
  ['sts.eu-central-1.amazonaws.com', 'sts', 'eu-central-1'],
  ['sts-fips.us-east-1.amazonaws.com', 'sts', 'us-east-1'],
  ['iam.amazonaws.com', 'iam', 'us-east-1'],
  ['iam.us-gov.amazonaws.com', 'iam', 'us-gov-west-1'],
  ['route53.amazonaws.com', 'route53', 'us-east-1'],
  ['route53.amazonaws.com.cn', 'route53', 'cn-northwest-1'],
  ['route53.global.api.aws', 'route53', 'us-east-1'],
  // Names before and behind the region.
  ['a1b2c3.execute-api.eu-west-1.amazonaws.com', 'execute-api', 'eu-west-1'],
  ['lambda.eu-west-1.amazonaws.com', 'lambda', 'eu-west-1'],
  ['abc.lambda-url.eu-west-1.on.aws', 'lambda', 'eu-west-1'],
  ['search-logs-abc.eu-west-1.es.amazonaws.com', 'es', 'eu-west-1'],
  ['abc.eu-west-1.aoss.amazonaws.com', 'aoss', 'eu-west-1'],
  ['eu-west-1.queue.amazonaws.com', 'sqs', 'eu-west-1'],
  ['monitoring.eu-west-1.amazonaws.com', 'monitoring', 'eu-west-1'],
  ['logs.eu-west-1.amazonaws.com', 'logs', 'eu-west-1'],
  ['bedrock-runtime.us-east-1.amazonaws.com', 'bedrock', 'us-east-1'],
  ['email.eu-west-1.amazonaws.com', 'ses', 'eu-west-1'],
  ['abc-ats.iot.eu-west-1.amazonaws.com', 'iotdata', 'eu-west-1'],
  ['iot.eu-west-1.amazonaws.com', 'iot', 'eu-west-1'],
  ['api.ecr.eu-west-1.amazonaws.com', 'ecr', 'eu-west-1'],
  ['ec2.eusc-de-east-1.amazonaws.eu', 'ec2', 'eusc-de-east-1'],
  // Hosts that are not AWS's say nothing.
  ['s3.eu-west-1.amazonaws.com.evil.test', null, null],
  ['minio.corp.test', null, null],
  ['amazonaws.com', null, null],
])('%s signs for %s in %s', (host, service, region) => {
  expect(awsPlace(host)).toEqual({ service, region });
});
