import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { AddressException } from '../document.ts';
import { type ParsedPattern, parseGuardrailHost, parseHostPattern } from '../host-pattern.ts';
import { canonicalPath, isAmbiguous } from '../path-match.ts';
import { requestOfUrl } from '../request-of-url.ts';
import { METADATA_ADDRESSES, NOBODYS_RANGES } from '../unreachable.ts';

/** Names of bundles, connections, guardrails and schedules. */
export const NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
export const NAME_RULE = 'a name is made of lower-case letters, digits and hyphens, at most 64';

export const name = z.string().regex(NAME, NAME_RULE);
export const host = hostBy(parseHostPattern);
export const guardrailHost = hostBy(parseGuardrailHost);
/** The kinds of servers with git repositories. */
export const forge = z.enum(['github', 'gitlab', 'gitea']);
export const port = z.int().min(1, 'is no port: 1 to 65535').max(65_535, 'is no port: 1 to 65535');
export const priority = z
  .int()
  .min(-1000, 'must lie between -1000 and 1000')
  .max(1000, 'must lie between -1000 and 1000');
export const instructions = z.string().max(20_000, 'is longer than 20,000 characters');

const READ_METHODS = ['GET', 'HEAD', 'OPTIONS'];
const METHOD = /^[A-Z]+(?:-[A-Z]+)*$/;

/** `read`, or a list. Leaving it out means every method. An empty list is refused: it looks like none and means all. */
export const methods = z
  .preprocess(
    (value) => (value === 'read' ? READ_METHODS : value),
    z
      .array(
        z
          .string()
          .regex(METHOD, 'is no method: methods are written in capitals, such as GET')
          .refine((method) => method !== 'CONNECT', 'is how tunnels are asked for, not a method of requests'),
      )
      .min(1, 'is empty: leave it out to cover every method')
      .transform((list) => [...new Set(list)]),
  )
  .meta({ short: { const: 'read' } });

const path = z.string().transform((text, context) => readPath(text) ?? fail(context, pathProblem(text)));
const NO_PATHS = 'is empty: leave it out to cover every path';

/** Paths of a guardrail: any prefix. */
export const paths = z.array(path).min(1, NO_PATHS);

/** Paths of a rule that allows something. A prefix that servers read in several ways would never match. */
export const allowedPaths = z
  .array(path.refine((text) => !isAmbiguous(text), 'is read in different ways by different servers: no rule allows it'))
  .min(1, NO_PATHS);

/** A request, as `GET https://crm.example/v1/me`. */
export const request = z.string().transform((text, context) => {
  const [, method = '', url = ''] = /^([A-Z]+(?:-[A-Z]+)*) (https?:\/\/\S+)$/.exec(text) ?? [];
  if (method === '') return fail(context, 'must be a method and a URL, such as GET https://api.acme.test/v1/me');
  try {
    requestOfUrl(method, url);
    return { method, url };
  } catch (error) {
    return fail(context, (error as Error).message);
  }
});

const address = z
  .string()
  .transform((text, context) => readAddress(text) ?? fail(context, ADDRESS_RULE))
  .refine(({ range }) => !isUnreachable(range), 'is a metadata service, or no address of a host: nothing may reach it');

export const addresses = z.array(address).min(1, 'is empty: leave it out where a host has a public address');

const ADDRESS_RULE =
  'must be a range and a port, such as 10.1.2.0/24:443 (or fd00::/64:443), no wider than /8 (or /32), without host bits';

function hostBy(parse: (text: string) => ParsedPattern) {
  return z.string().transform((text, context) => {
    const parsed = parse(text);
    return 'pattern' in parsed ? parsed.pattern : fail(context, `${JSON.stringify(text)} ${parsed.refused}`);
  });
}

/** A slash at the end of a prefix has no meaning and is dropped. */
function readPath(text: string): string | null {
  const parsed = text.includes('*') ? { refused: '' } : canonicalPath(text);
  return 'path' in parsed && parsed.path === text ? text.replace(/(?<=.)\/$/, '') : null;
}

function pathProblem(text: string): string {
  if (text.includes('*')) return 'is a prefix and has no wildcards: /v1 covers everything below it';
  if (/[?#]/.test(text)) return 'has a query or a fragment: rules see the path alone';
  const parsed = canonicalPath(text);
  return 'path' in parsed ? `is judged as ${parsed.path}: write it so` : parsed.refused;
}

function readAddress(text: string): AddressException | null {
  const [, range = '', portText = ''] = /^(.+):([1-9][0-9]{0,4})$/.exec(text) ?? [];
  const dialled = Number(portText);
  const [address = '', bits] = range.replace(/^\[(.*)\]/, '$1').split('/');
  if (dialled < 1 || dialled > 65_535) return null;
  const ipv4 = ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!ipv4 && !(address.includes(':') && ipaddr.IPv6.isValid(address))) return null;
  const length = bits === undefined ? (ipv4 ? 32 : 128) : /^[0-9]{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (!(length >= (ipv4 ? 8 : 32) && length <= (ipv4 ? 32 : 128))) return null;
  const cidr = `${address}/${length}`;
  const network = ipv4 ? ipaddr.IPv4.networkAddressFromCIDR(cidr) : ipaddr.IPv6.networkAddressFromCIDR(cidr);
  if (network.toString() !== ipaddr.parse(address).toString()) return null;
  return { range: `${network.toString()}/${length}`, port: dialled };
}

function isUnreachable(range: string): boolean {
  const [network, bits] = ipaddr.parseCIDR(range);
  if (bits === network.toByteArray().length * 8 && METADATA_ADDRESSES.has(network.toString())) return true;
  return NOBODYS_RANGES.map((each) => ipaddr.parseCIDR(each)).some(
    ([nobody, length]) => nobody.kind() === network.kind() && bits >= length && network.match([nobody, length]),
  );
}

/** Adds a problem at a value that cannot be read. */
export function fail(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
