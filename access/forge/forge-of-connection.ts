import type { Connection, Forge } from '../document.ts';
import { matchesHost } from '../host-name.ts';

/** What of a connection says whether it is for a forge, and for which one. */
export type ForgeParts = Pick<Connection, 'preset' | 'forge' | 'credential' | 'rules'>;

const API_PATHS = { github: '/api/v3', gitlab: '/api/v4', gitea: '/api/v1' } as const;
const GITHUB_COM = { git: 'github.com', api: 'api.github.com' } as const;

/** The kind of forge that a connection is for, by its preset, its credential or its own word. Null for every other one. */
export function forgeKindOf({ preset, forge, credential }: ForgeParts): Forge['kind'] | null {
  if (forge !== undefined) return forge;
  if (preset === 'github' || preset === 'gitlab' || preset === 'gitea') return preset;
  return credential.kind === 'github-app' ? 'github' : null;
}

/** The host of git that a connection attaches its credential to. Null when several could be meant. */
export function gitHostOf(kind: Forge['kind'], connection: ForgeParts): string | null {
  const hosts = gitHostsOf(kind, connection);
  const [only = null] = hosts;
  return hosts.length === 1 && !only?.startsWith('*') ? only : null;
}

/** The forge at a host, or the host of it to which the connection attaches no credential. */
export function forgeAt(
  kind: Forge['kind'],
  host: string,
  connection: ForgeParts,
): Forge | { readonly unreached: string } {
  const forge = forgeOn(kind, host, connection);
  const unreached = [forge.gitHost, forge.apiHost].find((each) => portOf(each, connection) === null);
  return unreached === undefined ? forge : { unreached };
}

/**
 * The forges that a connection is for, whatever the bundles grant by it: one for each host. Empty for a connection that
 * is not known to be for a forge. A wildcard stays one: no request has such a host, so none is taken for the forge's.
 */
export function forgesByNature(connection: ForgeParts): Forge[] {
  const kind = forgeKindOf(connection);
  return kind === null ? [] : gitHostsOf(kind, connection).map((host) => forgeOn(kind, host, connection));
}

/** The hosts of github.com count as one: an API and its uploads have names of their own there. */
function gitHostsOf(kind: Forge['kind'], { rules }: ForgeParts): string[] {
  const hosts = new Set(rules.filter(({ action }) => action === 'inject').map(({ host }) => host));
  const isGithubCom = kind === 'github' && (hosts.has(GITHUB_COM.git) || hosts.has(GITHUB_COM.api));
  return isGithubCom ? [GITHUB_COM.git] : [...hosts];
}

function forgeOn(kind: Forge['kind'], host: string, connection: ForgeParts): Forge {
  const isGithubCom = kind === 'github' && host === GITHUB_COM.git;
  const apiHost = isGithubCom ? GITHUB_COM.api : host;
  return {
    kind,
    gitHost: host,
    gitPort: portOf(host, connection) ?? 443,
    apiHost,
    apiPort: portOf(apiHost, connection) ?? 443,
    apiPath: isGithubCom ? '' : API_PATHS[kind],
  };
}

/** The port on which a connection attaches its credential to a host. Null when it attaches none there. */
function portOf(host: string, { rules }: ForgeParts): number | null {
  const rule = rules.find((each) => each.action === 'inject' && (each.host === host || matchesHost(each.host, host)));
  return rule?.port ?? null;
}
