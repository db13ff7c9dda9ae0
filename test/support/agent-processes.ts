import { docker } from './installation/containers.ts';

/**
 * Command lines of what runs in a container as its agent's user, without starters: those that wait for orders, and those that
 * the engine is still starting (`runc init`). Asked inside, because the engine does not see what runs under gVisor.
 */
export async function agentProcessesIn(container: string, uid: number): Promise<string[]> {
  return (await everyProcessIn(container, uid)).filter(
    (line) => !line.endsWith('bellhop-step serve') && line !== 'runc init',
  );
}

/** The same, waiting starters included. */
export async function everyProcessIn(container: string, uid: number): Promise<string[]> {
  const lines = await docker('exec', '--user', '0', container, 'ps', '-eww', '-o', 'uid=,args=');
  return lines.split('\n').flatMap((line) => {
    const [, user, command = ''] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    return user === String(uid) ? [command] : [];
  });
}
