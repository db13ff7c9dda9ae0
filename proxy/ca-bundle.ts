import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';

/** The roots of this machine, or Node's own where it has none, and those of `NODE_EXTRA_CA_CERTS`. */
export function systemRoots(): string[] {
  const system = tls.getCACertificates('system');
  const roots = system.length > 0 ? system : tls.getCACertificates('bundled');
  return [...new Set([...roots, ...tls.getCACertificates('extra')])];
}

export interface CaBundleOptions {
  /** Where the sandboxes' bundle goes; its folder is mounted into them, read-only. */
  readonly file: string;
  /** PEM of the proxy's own authority. */
  readonly own: string;
  /** PEM of what the operator added, for hosts that are reached by a blind tunnel. */
  readonly added: readonly string[];
}

/** Writes what the sandboxes trust: the system's roots, the operator's and the proxy's own. All of it is public. */
export function writeCaBundle({ file, own, added }: CaBundleOptions): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const parts = [own, ...added, ...systemRoots()].map((pem) => `${pem.trimEnd()}\n`);
  writeFileSync(`${file}.new`, parts.join(''), { mode: 0o644 });
  // Public, whatever the umask of the proxy is.
  chmodSync(`${file}.new`, 0o644);
  renameSync(`${file}.new`, file);
}
