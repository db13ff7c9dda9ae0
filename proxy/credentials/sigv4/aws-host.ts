import { GLOBAL_REGIONS, SIGNING_NAMES } from './signing-names.ts';

/** What a signature is valid for. Null where the host does not say it. */
export interface AwsPlace {
  readonly service: string | null;
  readonly region: string | null;
}

/** Hosts of S3 that serve the buckets of every region. */
const ALL_REGIONS_OF_S3 = /(?:^|\.)s3(?:-external-1|-accelerate(?:\.dualstack)?)?\.amazonaws\.com$/;

/** Domains under which AWS has its services. The longest comes first. */
const DOMAINS = [
  'api.amazonwebservices.com.cn',
  'api.amazonwebservices.eu',
  'amazonaws.com.cn',
  'amazonaws.com',
  'amazonaws.eu',
  'api.aws',
  'on.aws',
] as const;

const REGION = /^[a-z]{2,4}(?:-[a-z]{2,9}){1,2}-\d{1,2}$/;
const NOWHERE: AwsPlace = { service: null, region: null };

/**
 * Reads service and region from a host of AWS. The labels are read from the right, because a bucket may be named like a
 * region or a service.
 *
 * @param host canonical
 * @example
 *   awsPlace('acme-backups.s3.eu-central-1.amazonaws.com') // { service: 's3', region: 'eu-central-1' }
 *   awsPlace('123456789012.ddb.us-east-1.amazonaws.com')   // { service: 'dynamodb', region: 'us-east-1' }
 *   awsPlace('sts.amazonaws.com')                          // { service: 'sts', region: 'us-east-1' }
 */
export function awsPlace(host: string): AwsPlace {
  const domain = DOMAINS.find((each) => host.endsWith(`.${each}`));
  if (!domain) return NOWHERE;
  const labels = host.slice(0, -domain.length - 1).split('.');
  const last = labels.at(-1) ?? '';
  if (REGION.test(last)) return { service: serviceOf(labels.slice(0, -1)), region: last };
  if (last === 'global') return { service: serviceOf(labels.slice(0, -1)), region: GLOBAL_REGIONS[domain] ?? null };
  const old = oldS3(last);
  if (old) return old;
  const before = labels.at(-2) ?? '';
  // `search-logs.eu-west-1.es.amazonaws.com`, `eu-west-1.queue.amazonaws.com`
  if (REGION.test(before)) return { service: serviceOf([last]), region: before };
  return globalService(labels, domain);
}

/** Whether a host of S3 serves buckets of every region, so that the region of the bucket has to be known from elsewhere. */
export function servesAllRegions(host: string): boolean {
  return ALL_REGIONS_OF_S3.test(host);
}

/** The region in the scope of a signature: `AKID/20261128/eu-central-1/s3/aws4_request`. Null without one. */
export function regionOfScope(text: string): string | null {
  const region = /[=/]\d{8}\/([a-z0-9-]{1,30})\/s3\/aws4_request/.exec(text)?.[1];
  return region && REGION.test(region) ? region : null;
}

/** The signing name for the labels before the region. The last of them is the service, unless the table knows better. */
function serviceOf(labels: readonly string[]): string | null {
  const known = labels.map(plain).filter((label) => label !== 'dualstack' && label !== 'fips');
  for (let index = 0; index < known.length; index += 1) {
    const name = SIGNING_NAMES[known.slice(index).join('.')];
    if (name) return name;
  }
  const last = known.at(-1) ?? null;
  // `<id>-ats.iot.<region>` carries the data of devices, `iot.<region>` the service itself.
  if (last === 'iot' && known.length > 1) return 'iotdata';
  if (last?.startsWith('s3express-')) return 's3express';
  return last;
}

/** A label without the mark of an endpoint that follows FIPS 140: `sts-fips`, `fips-ecr`. */
function plain(label: string): string {
  return label.replace(/^fips-|-fips$/, '');
}

/** `s3`, `s3-eu-west-1`, `s3-external-1`, and the endpoints of S3 that have no region. */
function oldS3(label: string): AwsPlace | null {
  if (label === 's3' || label === 's3-external-1') return { service: 's3', region: 'us-east-1' };
  if (label.startsWith('s3-accelerate') || label === 's3-global') return { service: 's3', region: null };
  const region = /^s3-(?:fips-)?(.+)$/.exec(label)?.[1];
  return region && REGION.test(region) ? { service: 's3', region } : null;
}

function globalService(labels: readonly string[], domain: string): AwsPlace {
  const [first = ''] = labels;
  if (first === 's3-accelerate' || labels.includes('s3-accelerate')) return { service: 's3', region: null };
  if (labels.length === 2 && labels[1] === 'us-gov') return { service: serviceOf([first]), region: 'us-gov-west-1' };
  if (labels.length !== 1) return { service: serviceOf(labels), region: null };
  return { service: serviceOf([first]), region: GLOBAL_REGIONS[domain] ?? null };
}
