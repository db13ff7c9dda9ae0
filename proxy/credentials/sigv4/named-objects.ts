import { headerKey } from '../../../access/header-names.ts';
import type { UnsignedRequest } from '../injection.ts';
import { cannotSign } from './cannot-sign.ts';
import { uriDecode } from './uri-encoding.ts';

/** Stores that speak like S3 have a name of their own in the middle, and Azure and Google have the same headers. */
const SOURCE = /^x-[a-z]+-(?:copy|rename)-source$/;
const SOURCE_IN_QUERY = /x-[a-z]+-(?:copy|rename)-source=/i;

/** A bucket in front of a host of S3: `acme.s3.eu-central-1.amazonaws.com`, `acme.s3-accelerate.amazonaws.com`. */
const BUCKET_IN_HOST = /^(.+)\.s3[a-z0-9-]*\..*amazonaws\.(?:com|com\.cn|eu)$/;

/**
 * Whether a header names an object which the service itself reads. In S3: CopyObject, UploadPartCopy, RenameObject.
 *
 * @param name in any spelling: some servers take `_` for `-`
 */
export function namesSource(name: string): boolean {
  return SOURCE.test(headerKey(name));
}

/**
 * Whether a request of S3 is DeleteObjects: its body names what is deleted
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html).
 *
 * @param query with or without its question mark
 */
export function deletesByBody(query: string): boolean {
  return /(?:^|[?&])delete(?:[=&]|$)/i.test(uriDecode(query));
}

/**
 * Refuses what would reach objects that the path does not name, where the rules may keep some back: rules judge the path.
 *
 * @throws Refusal `cannot_sign`
 */
export function checkNamedObjects(request: UnsignedRequest): void {
  checkCopy(request);
  if (request.holdsBack && deletesByBody(request.query)) {
    throw cannotSign(
      'its body names the objects to delete, and the access rules keep something of this host back. Delete them one by one',
    );
  }
}

/**
 * Refuses a copy that would read what the rules may keep back. Rules judge the path of a request, and a copy reads an
 * object that only a header names. So it is signed only where the rules hold nothing of the host back, and a host with a
 * bucket in its name copies from this bucket. Where a rule covers every host below a name, any bucket may be read anyhow.
 */
function checkCopy({ headers, query, host, ruleHost, holdsBack }: UnsignedRequest): void {
  const sources = headers.filter(([name]) => namesSource(name)).map(([, value]) => value);
  const inQuery = SOURCE_IN_QUERY.test(uriDecode(query));
  if (sources.length === 0 && !inQuery) return;
  if (holdsBack) throw cannotSign('it copies an object, and the access rules keep paths of this host back');
  const bucket = BUCKET_IN_HOST.exec(host)?.[1];
  if (bucket === undefined || ruleHost.startsWith('*')) return;
  if (inQuery || sources.some((source) => bucketOf(source) !== bucket)) {
    throw cannotSign(`it copies an object of another bucket than ${bucket}`);
  }
}

/** The bucket in `/bucket/key?versionId=…`, which may be percent-encoded. */
function bucketOf(source: string): string {
  return uriDecode(source).trim().replace(/^\//, '').split('/')[0] ?? '';
}
