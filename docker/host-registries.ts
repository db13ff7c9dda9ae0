import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RegistryMirror, RegistryMirrors, RegistryName } from '../contracts/registries.ts';
import { isPublic } from '../contracts/registry-hosts.ts';
import { readHostApt } from './host-apt.ts';
import { readHostPip } from './host-pip.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The mirrors that this machine's own clients of packages are told to use, by their configuration files and the environment. Never
 * fails: a client that is not here says nothing. URLs with a password are left out, since sandboxes would read them.
 */
export async function readHostRegistries(env: Environment): Promise<RegistryMirrors> {
  const home = env.HOME || homedir();
  const text = async (path: string | undefined) => (path ? await readFile(path, 'utf8').catch(() => '') : '');
  const cargoHome = env.CARGO_HOME || join(home, '.cargo');
  const [npm, pip, go, cargo, maven, gems, apt] = await Promise.all([
    say(env, 'npm', ['config', 'get', 'registry']),
    readHostPip(env),
    env.GOPROXY ?? say(env, 'go', ['env', 'GOPROXY']),
    text(join(cargoHome, 'config.toml')).then(async (found) => found || (await text(join(cargoHome, 'config')))),
    text(join(home, '.m2/settings.xml')).then(async (found) => found || (await text('/etc/maven/settings.xml'))),
    text(join(home, '.gemrc')).then(async (found) => found || (await text('/etc/gemrc'))),
    readHostApt(env),
  ]);
  const aptUrls = [apt.mirrors?.archive, apt.mirrors?.security];
  const found: readonly (readonly [RegistryName, readonly (string | null | undefined)[]])[] = [
    ['npm', [npm]],
    ['pypi', [pip.index, ...pip.further]],
    ['go', [goProxy(go)]],
    ['crates', [cargoMirror(cargo)]],
    ['maven', [mavenMirror(maven)]],
    ['rubygems', [gemSource(gems)]],
    ['debian', aptUrls],
  ];
  return Object.fromEntries(
    found.flatMap(([name, urls]) => {
      const mirror = mirrorOf(urls);
      return mirror ? [[name, mirror]] : [];
    }),
  );
}

/** The first is what the client is given, the others are further hosts. Null when the first is the client's own. */
function mirrorOf(urls: readonly (string | null | undefined)[]): RegistryMirror | null {
  const [url, ...also] = urls.filter((each) => each !== null && each !== undefined).filter(isUsable);
  if (url === undefined || isOwn(url)) return null;
  return { url, also: also.filter((each) => !isOwn(each)), addresses: [] };
}

/** Where the clients look by themselves: one that is told so has no mirror. Cargo's index was a repository of GitHub once. */
function isOwn(url: string): boolean {
  return isPublic(url) || new URL(url).hostname === 'github.com';
}

function isUsable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

/** https://go.dev/ref/mod#environment-variables: a list. The first of it is asked first. */
export function goProxy(text: string): string | undefined {
  return text.split(/[,|]/).find((each) => !['direct', 'off', ''].includes(each.trim()));
}

/** What stands in place of crates.io: `[source.crates-io] replace-with`, and that source's `registry`. */
export function cargoMirror(toml: string): string | undefined {
  const tables = new Map(
    toml.split(/^(?=\[)/m).map((table) => [/^\[([^\]]+)\]/.exec(table)?.[1]?.replaceAll(/["\s]/g, '') ?? '', table]),
  );
  const setting = (table: string, key: string) =>
    new RegExp(`^\\s*${key}\\s*=\\s*["']([^"']+)["']`, 'm').exec(tables.get(table) ?? '')?.[1];
  const name = setting('source.crates-io', 'replace-with');
  return name === undefined ? undefined : setting(`source.${name}`, 'registry')?.replace(/^sparse\+/, '');
}

/** The first mirror that stands for the central repository. */
export function mavenMirror(xml: string): string | undefined {
  const written = xml.replaceAll(/<!--[\s\S]*?-->/g, '');
  const mirrors = [...written.matchAll(/<mirror>([\s\S]*?)<\/mirror>/g)].map(([, body]) => body ?? '');
  const field = (body: string, name: string) => new RegExp(`<${name}>\\s*([^<]+?)\\s*</${name}>`).exec(body)?.[1];
  const central = mirrors.find((body) =>
    /(^|,)\s*(\*|central|external:\*)\s*(,|$)/.test(field(body, 'mirrorOf') ?? ''),
  );
  return central === undefined ? undefined : field(central, 'url');
}

/** The first source in a `.gemrc`. Undefined without one. */
export function gemSource(yaml: string): string | undefined {
  return /^:sources:\s*\n\s*-\s*["']?([^"'\s]+)/m.exec(yaml)?.[1];
}

async function say(env: Environment, command: string, args: readonly string[]): Promise<string> {
  const options = { env: env as NodeJS.ProcessEnv, timeout: 20_000 };
  return await promisify(execFile)(command, [...args], options).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
}
