import { connectEngine } from '../../docker/engine.ts';
import { readHostApt } from '../../docker/host-apt.ts';
import { registriesOf } from '../../docker/registries.ts';
import { runCommand } from '../host/run-command.ts';
import { TEMPORAL_RELEASE } from '../temporal/release.ts';
import type { Endpoint } from './endpoints.ts';

/** What set-up fetches once, from where this machine's npm, pip, apt and Docker Engine are told to fetch. */
export async function fetchingEndpoints(environment: NodeJS.ProcessEnv, ownTemporal: boolean): Promise<Endpoint[]> {
  const [npm, pip, apt, registries] = await Promise.all([
    ask(environment, 'npm', ['config', 'get', 'registry']),
    ownTemporal ? pipIndexes(environment) : [],
    readHostApt(environment),
    engineRegistries(environment),
  ]);
  const mirrors = Object.values(apt.mirrors ?? {}).filter((value) => typeof value === 'string');
  const setUp = (urls: readonly string[], purpose: string) => endpointsAt(urls, 'set-up', purpose);
  return [
    ...setUp([npm], 'dependencies and the Node.js of sandboxes (npm)'),
    ...setUp(ownTemporal ? [TEMPORAL_RELEASE.archives] : [], 'the Temporal server'),
    ...setUp(pip, 'the Temporal server, when that does not answer (pip), and where this index refers to'),
    ...endpointsAt(
      registries,
      'Docker Engine',
      'the Debian that the sandbox image is built upon, and where it refers to',
    ),
    ...setUp(mirrors, 'Debian packages of the sandbox image'),
  ];
}

/**
 * Where pip looks for packages. Its help shows the index in force, from any source: its own default, a configuration
 * file, or the environment.
 */
async function pipIndexes(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const pip = async (...args: string[]) =>
    await ask({ ...environment, COLUMNS: '1000' }, 'python3', ['-m', 'pip', ...args]);
  const [help, configuration] = [await pip('download', '--help'), await pip('config', 'list')];
  const [, index] = /--index-url <url>\s[^()]*\(default (\S+)\)/.exec(help) ?? [];
  const further = [...configuration.matchAll(/\.extra-index-url='(.*)'$/gm)].flatMap(
    ([, urls]) => urls?.split(/\\n|\s/) ?? [],
  );
  return index ? [index, ...further] : [];
}

/** An engine that does not answer does not tell. */
async function engineRegistries(environment: NodeJS.ProcessEnv): Promise<string[]> {
  return await connectEngine({ env: environment }).then(registriesOf, () => []);
}

async function ask(env: NodeJS.ProcessEnv, command: string, args: readonly string[]): Promise<string> {
  return (await runCommand(command, args, { env }).catch(() => '')).trim();
}

function endpointsAt(urls: readonly string[], from: string, purpose: string): Endpoint[] {
  return [...new Set(urls.flatMap(hostOf))].map((to) => ({ to, from, purpose }));
}

function hostOf(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { hostname, port, protocol } = new URL(url);
  return [`${hostname}:${port || (protocol === 'http:' ? '80' : '443')}`];
}
