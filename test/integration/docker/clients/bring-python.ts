import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { PUBLIC_MIRRORS } from '../../../../docker/apt-sources.ts';
import { readHostApt } from '../../../../docker/host-apt.ts';

const run = promisify(execFile);

interface Python {
  readonly version: string;
  /** The release of Debian that has it. */
  readonly release: string;
}

/** From 3.13 on, Python checks certificates strictly by RFC 5280 unless a program says otherwise. */
export const PYTHONS: readonly Python[] = [
  { version: '3.13', release: 'trixie' },
  { version: '3.14', release: 'sid' },
];

/**
 * Makes the program `python-VERSION` in the folder. Its C library is newer than the sandbox's, so it is started by its own loader. What
 * it knows of authorities is the sandbox's: Debian's OpenSSL looks in `/usr/lib/ssl`.
 */
export async function bringPython(folder: string, { version, release }: Python): Promise<void> {
  const root = path.join(folder, `of-python-${version}`);
  const work = `${root}.apt`;
  for (const each of ['lists/partial', 'archives/partial']) await mkdir(path.join(work, each), { recursive: true });
  const { mirrors } = await readHostApt(process.env);
  const { archive } = mirrors ?? PUBLIC_MIRRORS;
  await writeFile(path.join(work, 'sources.list'), `deb ${archive} ${release} main\n`);
  // No package counts as installed. Therefore the C library is fetched as well.
  await writeFile(path.join(work, 'status'), '');
  const settings = [
    `Dir::Etc::SourceList=${work}/sources.list`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${work}/lists`,
    `Dir::State::status=${work}/status`,
    `Dir::Cache=${work}`,
    'Acquire::Languages=none',
  ].flatMap((setting) => ['-o', setting]);
  const packages = [`python${version}-minimal`, `libpython${version}-stdlib`];
  await run('apt-get', [...settings, 'update']);
  await run('apt-get', [...settings, '--yes', '--no-install-recommends', '--download-only', 'install', ...packages]);
  const files = (await readdir(path.join(work, 'archives'))).filter((name) => name.endsWith('.deb'));
  for (const name of files) await run('dpkg-deb', ['--extract', path.join(work, 'archives', name), root]);
  await rm(work, { recursive: true });
  await rm(path.join(root, 'usr/share'), { recursive: true });
  await writeFile(path.join(folder, `python-${version}`), starter(path.basename(root), version), { mode: 0o755 });
}

/** Without any variable but its own home. */
function starter(root: string, version: string): string {
  return `#!/bin/sh
root=/workspace/${root}
lib=$(echo $root/usr/lib/*-linux-gnu*)
exec env -i HOME=/tmp PYTHONHOME=$root/usr $lib/ld-linux*.so.? --library-path $lib $root/usr/bin/python${version} "$@"
`;
}
