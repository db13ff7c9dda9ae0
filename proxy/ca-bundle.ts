import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';

/**
 * The root certificates of this machine and those of `NODE_EXTRA_CA_CERTS`. A machine without roots gets Node's own.
 */
export function systemRoots(): string[] {
  const system = tls.getCACertificates('system');
  const roots = system.length > 0 ? system : tls.getCACertificates('bundled');
  return [...new Set([...roots, ...tls.getCACertificates('extra')])];
}

export interface CaBundleOptions {
  /** The file to write. Its folder is mounted into the sandboxes, read-only. */
  readonly file: string;
  /** PEM of the proxy's own authority. */
  readonly own: string;
  /** PEM of what the operator added, for hosts that are reached by a blind tunnel. */
  readonly added: readonly string[];
}

/**
 * Writes the certificates that the sandboxes trust: the system's roots, the operator's and the proxy's own. All of them
 * are public. The file is replaced by a rename, so that a reader never sees half of it.
 */
export function writeCaBundle({ file, own, added }: CaBundleOptions): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const parts = [own, ...added, ...systemRoots()].map((pem) => `${pem.trimEnd()}\n`);
  writeFileSync(`${file}.new`, parts.join(''), { mode: 0o644 });
  // The umask of the proxy may have taken bits from the mode above.
  chmodSync(`${file}.new`, 0o644);
  renameSync(`${file}.new`, file);
}
