import type { UnsignedRequest } from '../injection.ts';
import { cannotSign } from './cannot-sign.ts';
import { uriDecode } from './uri-encoding.ts';

/** Hosts that take Signature Version 4A only: Multi-Region Access Points of S3, and two services in several regions. */
const HOSTS =
  /\.(?:accesspoint\.s3-global\.amazonaws\.com|endpoint\.events\.amazonaws\.com|cloudfront-kvs\.global\.api\.aws)$/;
const ALGORITHM = /^AWS4-ECDSA-/i;
/** The regions in which such a signature counts. The other version has no such header. */
const REGION_SET = 'x-amz-region-set';

/**
 * Signature Version 4A is good for several regions, and is made with another kind of key. It is not built. A client that signs
 * like that would be surprised by a signature for one region.
 *
 * @throws Refusal `cannot_sign`
 */
export function refuseVersion4A({ host, headers, query, ownAuthorization }: UnsignedRequest): void {
  const isAsked =
    HOSTS.test(host) ||
    ALGORITHM.test(ownAuthorization ?? '') ||
    headers.some(([name]) => name === REGION_SET) ||
    parametersOf(query).some(
      ([name, value]) => name === REGION_SET || (name === 'x-amz-algorithm' && ALGORITHM.test(value)),
    );
  if (!isAsked) return;
  throw cannotSign(
    'Signature Version 4A, which is for several regions, is not built; ask for a host of one region, such as a bucket by its own name',
  );
}

function parametersOf(query: string): [name: string, value: string][] {
  return query
    .slice(1)
    .split('&')
    .map((pair) => {
      const [name = '', value = ''] = pair.split('=', 2);
      return [uriDecode(name).toLowerCase(), uriDecode(value)];
    });
}
