import type { RegistryMirrors } from '../contracts/registries.ts';
import { publicHost } from '../contracts/registry-hosts.ts';
import { INSIDE } from './sandbox-environment.ts';

export interface ClientSettings {
  readonly variables: Readonly<Record<string, string>>;
  /** Files of the sandbox's folder, by name. The image has links to them where their programs look. */
  readonly files: Readonly<Record<string, string>>;
}

/** Every file that {@link registryClients} may give, so that those of a mirror that is gone are removed. */
export const CLIENT_FILES = ['cargo.toml', 'maven.xml', 'gemrc'] as const;

/**
 * How the clients of packages in a sandbox are told of mirrors. Registries that have none are not named: their clients know the
 * public hosts.
 */
export function registryClients(mirrors: RegistryMirrors): ClientSettings {
  const url = (name: keyof RegistryMirrors) => mirrors[name]?.url ?? null;
  return {
    variables: {
      ...npmVariables(url('npm')),
      ...pythonVariables(url('pypi')),
      ...goVariables(url('go')),
      ...rubyVariables(url('rubygems')),
    },
    files: {
      ...file('cargo.toml', url('crates'), cargoConfig),
      ...file('maven.xml', url('maven'), mavenSettings),
      ...file('gemrc', url('rubygems'), (at) => `---\n:sources:\n- ${JSON.stringify(at)}\n`),
    },
  };
}

function file(name: (typeof CLIENT_FILES)[number], url: string | null, content: (url: string) => string) {
  return url === null ? {} : { [name]: content(url) };
}

function npmVariables(url: string | null): Record<string, string> {
  // By itself it asks for Yarn's newer versions at a host of Yarn's own, which is no registry.
  if (url === null) return { COREPACK_NPM_REGISTRY: `https://${publicHost('npm')}` };
  return {
    NPM_CONFIG_REGISTRY: url,
    // Yarn 1 and Yarn 2 and newer.
    YARN_REGISTRY: url,
    YARN_NPM_REGISTRY_SERVER: url.replace(/\/$/, ''),
    COREPACK_NPM_REGISTRY: url.replace(/\/$/, ''),
  };
}

function pythonVariables(url: string | null): Record<string, string> {
  return url === null ? {} : { PIP_INDEX_URL: url, UV_DEFAULT_INDEX: url };
}

/** Without `,direct`: a sandbox does not reach the servers where modules are developed. */
function goVariables(url: string | null): Record<string, string> {
  return url === null ? {} : { GOPROXY: url.replace(/\/$/, '') };
}

function rubyVariables(url: string | null): Record<string, string> {
  return url === null ? {} : { GEMRC: `${INSIDE.folder}/gemrc`, BUNDLE_MIRROR__ALL: url };
}

/** https://doc.rust-lang.org/cargo/reference/source-replacement.html: no environment variable says this. */
function cargoConfig(url: string): string {
  const index = url.startsWith('sparse+') ? url : `sparse+${url.replace(/\/?$/, '/')}`;
  return `[source.crates-io]\nreplace-with = "mirror"\n\n[source.mirror]\nregistry = ${JSON.stringify(index)}\n`;
}

/** https://maven.apache.org/guides/mini/guide-mirror-settings.html */
function mavenSettings(url: string): string {
  const escaped = url.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<settings><mirrors><mirror><id>mirror</id><mirrorOf>*</mirrorOf><url>${escaped}</url></mirror></mirrors></settings>\n`;
}
