import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { type Origin, startOrigin } from '../../../integration/proxy/support/origin.ts';
import { createTestAuthority } from '../../../integration/proxy/support/test-authority.ts';
import { tgz, zip } from './tiny-archives.ts';
import { tinyRepository } from './tiny-repository.ts';

/** One request as this outside world saw it. */
export interface Arrival {
  readonly host: string;
  readonly path: string;
  readonly userAgent: string;
  readonly authorization: string | null;
}

/** Hosts that serve a git repository, a Python index, an npm registry and a page, over TLS of an authority of their own. */
export interface PackageOrigin extends AsyncDisposable {
  readonly port: number;
  readonly arrivals: readonly Arrival[];
  forget(): void;
}

export interface PackageOriginOptions {
  /** Name, and the `Authorization` it insists on; null for a host that asks for none. */
  readonly hosts: Readonly<Record<string, string | null>>;
  /** Where the certificate of its authority goes. */
  readonly authorityFile: string;
}

export async function startPackageOrigin({ hosts, authorityFile }: PackageOriginOptions): Promise<PackageOrigin> {
  const authority = await createTestAuthority();
  await writeFile(authorityFile, authority.pem);
  const arrivals: Arrival[] = [];
  const onRequest: RequestListener = (request, response) => {
    const host = request.headers.host ?? '';
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const authorization = request.headers.authorization ?? null;
    arrivals.push({ host, path, userAgent: request.headers['user-agent'] ?? '', authorization });
    const wanted = hosts[host];
    const answer = wanted && authorization !== wanted ? null : pageOf(host, path);
    // What git asks for besides is not there; it goes on without.
    response.writeHead(answer ? 200 : wanted && authorization !== wanted ? 401 : 404, {
      'content-type': path.startsWith('/npm/') ? 'application/json' : 'text/html',
    });
    response.end(answer ?? 'no\n');
  };
  const origin: Origin = await startOrigin({ authority, hosts: Object.keys(hosts), onRequest });
  return {
    port: origin.port,
    arrivals,
    forget: () => void arrivals.splice(0),
    [Symbol.asyncDispose]: () => origin[Symbol.asyncDispose](),
  };
}

const REPOSITORY = tinyRepository('README', 'cloned\n');
const WHEEL = zip({
  'tiny.py': 'text = "installed"\n',
  'tiny-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n',
  'tiny-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  'tiny-1.0.dist-info/RECORD': 'tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\n',
});
const PACKAGE = tgz({
  'package/package.json': '{"name":"tiny","version":"1.0.0","main":"index.js"}\n',
  'package/index.js': 'module.exports = "installed";\n',
});

function pageOf(host: string, path: string): Buffer | string | undefined {
  if (path === '/plain') return 'plain\n';
  if (path === '/simple/tiny/') return '<!doctype html><a href="/files/tiny-1.0-py3-none-any.whl">tiny</a>';
  if (path === '/files/tiny-1.0-py3-none-any.whl') return WHEEL;
  if (path === '/npm/tiny') return JSON.stringify(registryDocument(host));
  if (path === '/npm/tiny-1.0.0.tgz') return PACKAGE;
  return REPOSITORY.get(path.replace(/^\/repository\.git\//, ''));
}

function registryDocument(host: string) {
  const integrity = `sha512-${createHash('sha512').update(PACKAGE).digest('base64')}`;
  const dist = { tarball: `https://${host}/npm/tiny-1.0.0.tgz`, integrity };
  return {
    name: 'tiny',
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': { name: 'tiny', version: '1.0.0', dist } },
  };
}
