import type { UnsignedRequest } from '../injection.ts';
import { cannotSign } from './cannot-sign.ts';
import { uriDecode, uriEncode } from './uri-encoding.ts';

const S3_SERVICES: ReadonlySet<string> = new Set(['s3', 's3express', 's3-object-lambda', 's3-outposts']);

/** S3 signs a path as it is. All other services sign its normal form, encoded once more. */
export function isS3(service: string): boolean {
  return S3_SERVICES.has(service);
}

/**
 * The path of a request to S3, as it is sent and signed: the key as the client wrote it, percent-encoded as AWS does.
 *
 * Rules judge a path in which `//` counts as `/`, but to S3 these are two keys. So the path as it was written must be
 * covered too. It lies under a prefix only if the judged path does, because joining slashes moves nothing to another
 * folder. That is not so for `.` and `..`: S3 takes them for names, other servers leave the folder. They are refused.
 *
 * @throws Refusal `cannot_sign`
 */
export function s3Path({ path, rawPath, covers }: UnsignedRequest): string {
  const segments = uriDecode(rawPath).split('/');
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    throw cannotSign('S3 takes a dot segment in the path for a part of the key, and the access rules do not');
  }
  const sent = segments.map(uriEncode).join('/');
  if (rawPath.includes('//') && !covers(rawPath)) {
    throw cannotSign(`the rule that lets ${path} through does not cover the key with its repeated slashes`);
  }
  return sent;
}
