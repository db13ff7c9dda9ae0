import { readHostApt } from '../../docker/host-apt.ts';
import { runCommand } from '../host/run-command.ts';
import { TEMPORAL_RELEASE } from '../temporal/release.ts';
import type { Endpoint } from './endpoints.ts';

/** What set-up fetches once, from where this machine's npm, pip and apt are told to fetch. */
export async function fetchingEndpoints(environment: NodeJS.ProcessEnv, ownTemporal: boolean): Promise<Endpoint[]> {
  const [npm, pip, apt] = await Promise.all([
    ask('npm', ['config', 'get', 'registry']),
    ask('python3', ['-m', 'pip', 'config', 'get', 'global.index-url']),
    readHostApt(environment),
  ]);
  const from = 'set-up';
  const mirrors = apt.mirrors ? Object.values(apt.mirrors).filter((value) => typeof value === 'string') : [];
  return [
    ...hostOf(npm).map((to) => ({ to, from, purpose: 'dependencies and the Node.js of sandboxes (npm)' })),
    ...(ownTemporal
      ? hostOf(TEMPORAL_RELEASE.archives).map((to) => ({ to, from, purpose: 'the Temporal server' }))
      : []),
    ...(ownTemporal
      ? [{ to: hostOf(pip)[0] ?? "pip's usual index", from, purpose: 'the Temporal server, when that does not answer' }]
      : []),
    {
      to: "the engine's usual registry",
      from: 'Docker Engine',
      purpose: 'the Debian that the sandbox image is built upon',
    },
    ...[...new Set(mirrors.flatMap(hostOf))].map((to) => ({
      to,
      from,
      purpose: 'Debian packages of the sandbox image',
    })),
  ];
}

async function ask(command: string, args: readonly string[]): Promise<string> {
  return (await runCommand(command, args).catch(() => '')).trim();
}

function hostOf(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { hostname, port, protocol } = new URL(url);
  return [`${hostname}:${port || (protocol === 'http:' ? '80' : '443')}`];
}
