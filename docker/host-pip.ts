import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface HostPip {
  /** Null: pip is not here, or looks where it looks by itself. */
  readonly index: string | null;
  readonly further: readonly string[];
}

/**
 * Where pip of this machine looks for packages, from any of its configuration files and the environment. Never fails: without
 * pip, nothing is said.
 */
export async function readHostPip(env: Readonly<Record<string, string | undefined>>): Promise<HostPip> {
  try {
    const { stdout } = await promisify(execFile)('python3', ['-m', 'pip', 'config', 'list'], {
      env: env as NodeJS.ProcessEnv,
      timeout: 20_000,
    });
    return pipIndexes(stdout);
  } catch {
    return { index: null, further: [] };
  }
}

/** Where a setting of `pip config list` comes from. The first counts: the environment, a command's own section, all commands. */
const SECTIONS = [':env:', 'install', 'global'];

/** The indexes in the output of `pip config list`, which has lines such as `global.index-url='https://…'`. */
export function pipIndexes(text: string): HostPip {
  const settingOf = (option: string) =>
    SECTIONS.map((section) => new RegExp(`^${section}\\.${option}='(.*)'$`, 'm').exec(text)?.[1]).find(Boolean);
  return {
    index: settingOf('index-url') ?? null,
    further:
      settingOf('extra-index-url')
        ?.split(/\\n|\s+/)
        .filter(Boolean) ?? [],
  };
}
