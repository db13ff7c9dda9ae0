import { publicHost } from '../contracts/registry-hosts.ts';

/** The release the sandbox is made of, whatever the machine's own. */
export const DEBIAN_RELEASE = 'bookworm';

const RELEASES = ['bullseye', 'bookworm', 'trixie', 'forky', 'sid', 'oldstable', 'stable', 'testing', 'unstable'];

export interface DebianMirrors {
  readonly archive: string;
  readonly security: string | null;
}

/** Debian's own, where nothing else is known. Its packages are signed: plain HTTP is what it sets up itself. */
export const PUBLIC_MIRRORS: DebianMirrors = {
  archive: `http://${publicHost('debian')}/debian`,
  security: `http://${publicHost('debian')}/debian-security`,
};

interface Entry {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
}

/**
 * Where this machine gets Debian packages from, read from the texts of its apt sources (both formats): the sandbox's
 * packages come the same way. Null on a machine that is not Debian; the tools then use the public archive they know.
 */
export function debianMirrors(texts: readonly string[]): DebianMirrors | null {
  const entries = texts.flatMap((text) => (/^\s*Types:/m.test(text) ? paragraphs(text) : lines(text)));
  const archive = uriOf(entries, (suite) => RELEASES.includes(suite));
  if (!archive) return null;
  const security = uriOf(entries, (suite) => RELEASES.some((release) => suite === `${release}-security`));
  return { archive, security: security ?? null };
}

/** A sources.list of our release on those mirrors. */
export function sourcesList({ archive, security }: DebianMirrors): string {
  const entries = [`deb ${archive} ${DEBIAN_RELEASE} main`, `deb ${archive} ${DEBIAN_RELEASE}-updates main`];
  if (security) entries.push(`deb ${security} ${DEBIAN_RELEASE}-security main`);
  return `${entries.join('\n')}\n`;
}

function uriOf(entries: readonly Entry[], matches: (suite: string) => boolean): string | undefined {
  return entries.find(({ suites, uris }) => suites.some(matches) && uris.length > 0)?.uris[0]?.replace(/\/+$/, '');
}

/** `deb [options] uri suite component…` (sources.list(5), one-line style). */
function lines(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/.exec(line);
    return match?.[1] && match[2] ? [{ uris: [match[1]], suites: [match[2]] }] : [];
  });
}

/** Paragraphs of `Types: Uris: Suites:` (sources.list(5), deb822 style). */
function paragraphs(text: string): Entry[] {
  const kept = text.split('\n').filter((line) => !line.startsWith('#'));
  return kept
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((paragraph) => {
      const field = (name: string) =>
        new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(paragraph)?.[1]?.trim().split(/\s+/).filter(Boolean) ?? [];
      if (!field('Types').includes('deb') || field('Enabled')[0] === 'no') return [];
      return [{ uris: field('URIs'), suites: field('Suites') }];
    });
}
