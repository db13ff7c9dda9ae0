import type { RegistryName } from './registries.ts';

/** One host of a registry, and what of it a client of packages reads. */
export interface RegistryHost {
  readonly host: string;
  /** @default https alone */
  readonly schemes?: readonly ('https' | 'http')[];
  /** Path prefixes. Absent: the whole host, which has nothing else. */
  readonly paths?: readonly string[];
}

/**
 * The public hosts of each registry, as their clients use them by themselves. No other file names them.
 */
export const CATALOGUE: Readonly<Record<RegistryName, readonly RegistryHost[]>> = {
  // https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md. Yarn 1 has a name of its own for the same registry.
  npm: [{ host: 'registry.npmjs.org' }, { host: 'registry.yarnpkg.com' }],
  // https://docs.pypi.org/api/
  pypi: [
    { host: 'pypi.org', paths: ['/simple', '/pypi'] },
    { host: 'files.pythonhosted.org', paths: ['/packages'] },
  ],
  // https://doc.rust-lang.org/cargo/reference/registry-index.html: `config.json` of the index names the host of the files.
  crates: [
    { host: 'index.crates.io' },
    { host: 'static.crates.io', paths: ['/crates'] },
    { host: 'crates.io', paths: ['/api/v1/crates'] },
  ],
  // https://go.dev/ref/mod#goproxy-protocol, https://go.dev/ref/mod#checksum-database
  go: [{ host: 'proxy.golang.org' }, { host: 'sum.golang.org' }],
  // https://maven.apache.org/repository/, and the portal in which Gradle finds its plugins.
  maven: [
    { host: 'repo.maven.apache.org', paths: ['/maven2'] },
    { host: 'repo1.maven.org', paths: ['/maven2'] },
    { host: 'plugins.gradle.org', paths: ['/m2'] },
    { host: 'plugins-artifacts.gradle.org' },
  ],
  // https://guides.rubygems.org/rubygems-org-compact-index-api/
  rubygems: [
    {
      host: 'rubygems.org',
      paths: [
        '/versions',
        '/names',
        '/info',
        '/gems',
        '/quick',
        '/specs.4.8.gz',
        '/latest_specs.4.8.gz',
        '/prerelease_specs.4.8.gz',
        '/api/v1/dependencies',
      ],
    },
    { host: 'index.rubygems.org' },
  ],
  // Packages are signed, and apt checks that: plain HTTP is what Debian itself sets up.
  debian: [
    { host: 'deb.debian.org', schemes: ['https', 'http'], paths: ['/debian', '/debian-security'] },
    { host: 'security.debian.org', schemes: ['https', 'http'], paths: ['/debian-security'] },
  ],
};

/** One of the public hosts of a registry. The first is the one that its client asks by itself. */
export function publicHost(name: RegistryName, index = 0): string {
  const found = CATALOGUE[name][index];
  if (!found) throw new RangeError(`${name} has no public host ${index}`);
  return found.host;
}

/** Whether a URL leads to one of the public hosts of some registry. */
export function isPublic(url: string): boolean {
  const { hostname } = new URL(url);
  return Object.values(CATALOGUE).some((hosts) => hosts.some(({ host }) => host === hostname));
}
