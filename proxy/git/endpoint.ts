import type { Forge } from '../../access/document.ts';
import { isRepositoryName } from '../../access/forge/repository.ts';
import { hasReadings, pathReadings } from '../../access/path-readings.ts';

/** What a request to a forge is, by its method and path alone. */
export type ForgeEndpoint =
  /** Git over HTTP (gitprotocol-http), Git LFS, and downloads. */
  | { readonly kind: GitEndpointKind; readonly repository: string }
  /** `path` is the path without the API's prefix. */
  | { readonly kind: 'api'; readonly path: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export type GitEndpointKind =
  | 'fetch'
  | 'advertise-push'
  | 'push'
  | 'lfs-batch'
  | 'lfs-download'
  | 'lfs-upload'
  | 'lfs-locks'
  | 'lfs-lock'
  | 'download';

export interface ForgeRequest {
  readonly method: string;
  readonly host: string;
  readonly port: number;
  /** Canonical. */
  readonly path: string;
  readonly query: string;
}

/** What stands behind the name of a repository, with its method. The first that matches decides. */
const GIT_PATHS: readonly (readonly [method: RegExp, path: RegExp, kind: GitEndpointKind])[] = [
  [/^POST$/, /^git-upload-pack$/, 'fetch'],
  [/^POST$/, /^git-receive-pack$/, 'push'],
  [/^POST$/, /^info\/lfs\/objects\/batch$/, 'lfs-batch'],
  [/^(?:GET|HEAD)$/, /^(?:info\/lfs|gitlab-lfs)\/objects\/[^/]+(?:\/[^/]+)?$/, 'lfs-download'],
  [/^PUT$/, /^(?:info\/lfs|gitlab-lfs)\/objects\/[^/]+(?:\/[^/]+)?(?:\/authorize)?$/, 'lfs-upload'],
  [/^POST$/, /^info\/lfs\/(?:verify|objects\/verify)$/, 'lfs-upload'],
  [/^GET$/, /^info\/lfs\/locks$/, 'lfs-locks'],
  // Asked before each push: whose locks there are.
  [/^POST$/, /^info\/lfs\/locks\/verify$/, 'lfs-upload'],
  [/^POST$/, /^info\/lfs\/locks(?:\/[^/]+\/unlock)?$/, 'lfs-lock'],
];

const DOWNLOADS = /^(?:archive|raw|releases\/download|media)\/.+$/;

/** GitHub and Gitea: a name has exactly two parts, whatever they are called. */
const TWO_PARTS = /^\/([^/]+\/[^/]+?)(?:\.git)?\/(.+)$/;

/**
 * GitLab: groups lie in groups, and each part may be called like a part of a path of git. A name never ends in `.git` and
 * has no part `-`, so the first of these ends it.
 */
const NESTED = /^\/(.+?)(\.git|\/-)\/(.+)$/;
/** GitLab without `.git`: only git's own requests, which end the path. */
const NESTED_PLAIN = /^\/(.+)\/(info\/refs|git-(?:upload|receive)-pack)$/;

const DOWNLOAD_HOSTS: readonly string[] = ['codeload.github.com', 'raw.githubusercontent.com'];

/**
 * Recognises what a request asks of a forge.
 *
 * @example
 *   endpointOf({ method: 'POST', path: '/acme/shop.git/git-receive-pack', … }, forge)
 *   // { kind: 'push', repository: 'acme/shop' }
 */
export function endpointOf(request: ForgeRequest, forge: Forge): ForgeEndpoint {
  const { host, port, path } = request;
  if (mayLeadElsewhere(path)) return unknown('A part of the path may be read as "." or "..".');
  if (host === forge.apiHost && port === forge.apiPort) {
    const api = apiPathOf(path, forge);
    if (api !== null) return { kind: 'api', path: api };
  }
  if (host === forge.gitHost && port === forge.gitPort) return gitEndpointOf(request, forge.kind);
  if (forge.kind === 'github' && DOWNLOAD_HOSTS.includes(host)) return downloadOf(request);
  return { kind: 'unknown', reason: `${host} is no host of this forge for git or its API.` };
}

/** Null for a path outside the API. On an Enterprise server of GitHub, GraphQL has a path of its own. */
function apiPathOf(path: string, { kind, apiPath }: Forge): string | null {
  if (kind === 'github' && apiPath !== '' && path === `${apiPath.replace(/\/v\d+$/, '')}/graphql`) return '/graphql';
  if (path === apiPath) return '/';
  return path.startsWith(`${apiPath}/`) ? path.slice(apiPath.length) : null;
}

/**
 * Whether some server would find a `.` or `..` in the path. A server in front of the forge may decode a path that the forge
 * does not decode, and then a granted repository leads to another one. Encoded slashes alone are honest: GitLab names
 * repositories with them, and branches have slashes.
 */
function mayLeadElsewhere(path: string): boolean {
  if (!hasReadings(path)) return false;
  const readings = pathReadings(path);
  return (
    readings === null || readings.some((reading) => reading.split('/').some((part) => part === '.' || part === '..'))
  );
}

function gitEndpointOf({ method, path, query }: ForgeRequest, kind: Forge['kind']): ForgeEndpoint {
  const { name, rest, isDownload } = kind === 'gitlab' ? splitNested(path) : splitTwoParts(path);
  if (!isRepositoryName(name, kind)) return unknown('It is neither git nor its API.');
  if (isDownload) {
    if (method === 'GET' || method === 'HEAD') return { kind: 'download', repository: name };
    return unknown('Downloads are only read.');
  }
  if (rest === 'info/refs') return advertisementOf(method, query, name);
  if (/^(?:HEAD$|objects\/)/.test(rest)) return unknown("Git's old protocol without a service is not carried.");
  const found = GIT_PATHS.find(([methods, paths]) => methods.test(method) && paths.test(rest));
  return found ? { kind: found[2], repository: name } : unknown('It is neither git nor its API.');
}

/** A path, divided behind the name of the repository. The name is empty when there is none. */
interface Split {
  readonly name: string;
  readonly rest: string;
  readonly isDownload: boolean;
}

function splitTwoParts(path: string): Split {
  const [, name = '', rest = ''] = TWO_PARTS.exec(path) ?? [];
  return { name, rest, isDownload: DOWNLOADS.test(rest) };
}

function splitNested(path: string): Split {
  const [, name, mark, rest = ''] = NESTED.exec(path) ?? [];
  if (name === undefined) {
    const [, plainName = '', plainRest = ''] = NESTED_PLAIN.exec(path) ?? [];
    return { name: plainName, rest: plainRest, isDownload: false };
  }
  if (mark === '.git') return { name, rest, isDownload: false };
  // Behind `-` are the pages of GitLab. Of these only downloads are carried.
  return { name: DOWNLOADS.test(rest) ? name : '', rest, isDownload: true };
}

function advertisementOf(method: string, query: string, repository: string): ForgeEndpoint {
  if (method === 'GET' && query === '?service=git-upload-pack') return { kind: 'fetch', repository };
  if (method === 'GET' && query === '?service=git-receive-pack') return { kind: 'advertise-push', repository };
  return unknown('Only git-upload-pack and git-receive-pack are carried.');
}

function downloadOf({ method, path }: ForgeRequest): ForgeEndpoint {
  const repository = path.split('/').slice(1, 3).join('/');
  if ((method !== 'GET' && method !== 'HEAD') || !isRepositoryName(repository, 'github')) {
    return unknown('From this host repositories are only read.');
  }
  return { kind: 'download', repository };
}

function unknown(reason: string): ForgeEndpoint {
  return { kind: 'unknown', reason };
}
