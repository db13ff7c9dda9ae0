import { access, constants } from 'node:fs/promises';
import { compareVersions } from '../../docker/engine.ts';
import { runCommand } from '../host/run-command.ts';
import { OLDEST_TEMPORAL_CLI } from './release.ts';

/** `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)`: proves as well that the file runs on this machine. */
export async function versionOf(binary: string): Promise<string> {
  await access(binary, constants.X_OK).catch(() => {
    throw new Error('not there');
  });
  const output = await runCommand(binary, ['--version'], { timeoutMs: 10_000 });
  const version = /version v?(\d+\.\d+\.\d+[^\s]*)/.exec(output)?.[1];
  if (!version) throw new Error(`\`${binary} --version\` says: ${output.trim().slice(0, 100)}`);
  return version;
}

/** The same, of a CLI that takes our arguments; an older one is refused. */
export async function supportedVersionOf(binary: string): Promise<string> {
  const version = await versionOf(binary);
  const [numbers = ''] = /^[\d.]+/.exec(version) ?? [];
  if (compareVersions(numbers, OLDEST_TEMPORAL_CLI) >= 0) return version;
  throw new Error(`version ${version} is too old, ${OLDEST_TEMPORAL_CLI} is the oldest that will do`);
}
