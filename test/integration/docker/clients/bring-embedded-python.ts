import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** No release of Debian has 3.12. This module carries the builds that uv installs too, with an OpenSSL of their own inside. */
const MODULE = 'github.com/kluctl/go-embed-python@v0.0.0-3.12.3-20240415-1';
const VERSION = '3.12';

/** Makes the program `python-3.12` in the folder. It looks for authorities in `/etc/ssl/cert.pem` and `/etc/ssl/certs`. Needs Go. */
export async function bringEmbeddedPython(folder: string): Promise<void> {
  const root = path.join(folder, `of-python-${VERSION}`);
  await mkdir(path.join(root, 'bin'), { recursive: true });
  const { stdout } = await run('go', ['mod', 'download', '-json', MODULE], { cwd: folder });
  const { Dir: module } = JSON.parse(stdout) as { readonly Dir: string };
  const packed = path.join(module, 'python/internal/data', process.arch === 'arm64' ? 'linux-arm64' : 'linux-amd64');
  // Go keeps its modules read-only.
  await run('cp', ['-r', '--no-preserve=mode', path.join(packed, 'lib'), root]);
  await run('cp', ['--no-preserve=mode', path.join(packed, 'bin', `python${VERSION}.gz`), path.join(root, 'bin')]);
  await run('gunzip', ['--recursive', root]);
  await run('chmod', ['+x', path.join(root, 'bin', `python${VERSION}`)]);
  await writeFile(path.join(folder, `python-${VERSION}`), starter(path.basename(root)), { mode: 0o755 });
}

/** Without any variable but its own home. */
function starter(root: string): string {
  return `#!/bin/sh
exec env -i HOME=/tmp PYTHONHOME=/workspace/${root} /workspace/${root}/bin/python${VERSION} "$@"
`;
}
