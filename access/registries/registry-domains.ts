import type { RegistryMirrors, RegistryName } from '../../contracts/registries.ts';
import { CATALOGUE, type RegistryHost } from '../../contracts/registry-hosts.ts';
import type { DomainEntry } from '../document.ts';

/**
 * Below every priority that a file may write, so below a rule that somebody wrote for the same host, such as a connection with the token of a private registry: the two do
 * not count as a contradiction.
 */
export const REGISTRY_PRIORITY = -1_001;
/** Packages are read. What a client would upload, publish or report (npm's audit) is a POST or a PUT, and is refused. */
const METHODS = ['GET', 'HEAD'];

/**
 * The domain entries that `registries: [name]` of a bundle stands for. With a mirror these are the mirror's hosts alone: an
 * operator who names one wants packages to come from there.
 *
 * @param mirrors what the operator of the proxy's machine says; see `mirrorsSchema`
 */
export function registryDomains(name: RegistryName, mirrors: RegistryMirrors): DomainEntry[] {
  const mirror = mirrors[name];
  const addresses = mirror?.addresses ?? [];
  const further = (mirror?.also ?? []).map(baseOf);
  const bases =
    mirror?.url == null ? [...CATALOGUE[name].flatMap(publicBases), ...further] : [baseOf(mirror.url), ...further];
  return bases.map(({ scheme, host, port, paths }) => ({
    id: `registry ${name}: ${host}${port === usualPort(scheme) ? '' : `:${port}`}${scheme === 'http' ? ' (http)' : ''}`,
    host,
    port,
    scheme,
    methods: METHODS,
    paths,
    addresses: addresses.filter((each) => each.port === port),
    transport: 'intercept',
    ownCredentials: 'strip',
    priority: REGISTRY_PRIORITY,
    line: 0,
  }));
}

interface Base {
  readonly scheme: 'https' | 'http';
  readonly host: string;
  readonly port: number;
  readonly paths: readonly string[];
}

function publicBases({ host, schemes = ['https'], paths = [] }: RegistryHost): Base[] {
  return schemes.map((scheme) => ({ scheme, host, port: usualPort(scheme), paths }));
}

/** A base URL that `mirrorsSchema` let through. */
function baseOf(url: string): Base {
  const { protocol, hostname, port, pathname } = new URL(url);
  const scheme = protocol === 'http:' ? 'http' : 'https';
  const path = pathname.replace(/\/+$/, '');
  return { scheme, host: hostname, port: Number(port || usualPort(scheme)), paths: path === '' ? [] : [path] };
}

function usualPort(scheme: 'https' | 'http'): number {
  return scheme === 'https' ? 443 : 80;
}
