import os from 'node:os';
import path from 'node:path';

/** Big downloads, shared by all checkouts of this user (XDG Base Directory Specification). */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const base = environment.XDG_CACHE_HOME;
  return path.join(base && path.isAbsolute(base) ? base : path.join(os.homedir(), '.cache'), 'bellhop');
}
