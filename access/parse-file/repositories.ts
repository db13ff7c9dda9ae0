import type { FileConnection } from '../access-file.ts';
import type { Forge, RepositoryGrant } from '../document.ts';
import { forgeAt, forgeKindOf, gitHostOf } from '../forge/forge-of-connection.ts';
import { type FilePath, type FileProblem, fieldOf } from './problem.ts';
import type { YamlText } from './read-yaml.ts';
import type { BundleEntry, RepositoryEntry } from './schemas.ts';

export interface ReadRepositories {
  readonly grants: readonly RepositoryGrant[];
  readonly problems: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
}

type Found<T> = T | { readonly problem: string };

const TITLES = { github: 'GitHub', gitlab: 'GitLab', gitea: 'Gitea' } as const;

/**
 * Finds the connection and the forge of each repository that a bundle lists.
 *
 * @param connections those of the file that could be read
 */
export function readRepositories(
  id: string,
  { connections: names, repositories }: BundleEntry,
  connections: readonly FileConnection[],
  text: YamlText,
): ReadRepositories {
  const grants: RepositoryGrant[] = [];
  const problems: FileProblem[] = [];
  const warnings: FileProblem[] = [];
  const own = names.flatMap((name) => connections.filter((connection) => connection.id === name));
  for (const [index, entry] of repositories.entries()) {
    const path: FilePath = ['bundles', id, 'repositories', index];
    const place = { line: text.lineOf(path), field: fieldOf(path) };
    if (entry.repository.endsWith('/*')) {
      warnings.push({
        ...place,
        message: `${entry.repository} covers every repository of this owner, also future ones`,
      });
    }
    // A connection that cannot be read has a problem of its own.
    if (own.length < names.length && entry.connection === undefined) continue;
    const connection = connectionOf(entry, own);
    const forge = 'problem' in connection ? connection : forgeOf(entry, connection);
    if ('problem' in forge) problems.push({ ...place, message: forge.problem });
    else if (!('problem' in connection)) {
      const { repository, access, branches = [] } = entry;
      grants.push({ repository, access, branches, connection: connection.id, forge, line: place.line });
    }
  }
  return { grants, problems, warnings };
}

function connectionOf(
  { connection: name, forge }: RepositoryEntry,
  own: readonly FileConnection[],
): Found<FileConnection> {
  if (name !== undefined) {
    const named = own.find(({ id }) => id === name);
    return named ?? { problem: `its connection ${name} is not among the connections of this bundle` };
  }
  const fitting = own.filter((each) =>
    forge === undefined ? forgeKindOf(each) !== null : forgeKindOf(each) === forge,
  );
  const [first, second] = fitting;
  if (!first) {
    const title = TITLES[forge ?? 'github'];
    return {
      problem: `needs a connection to ${title}: list one under connections of this bundle, or write \`forge: ${forge ?? 'github'}\` in one that has no preset`,
    };
  }
  if (!second) return first;
  return { problem: `could use ${fitting.map(({ id }) => id).join(' or ')}: say which by connection` };
}

function forgeOf(entry: RepositoryEntry, connection: FileConnection): Found<Forge> {
  const kind = entry.forge ?? forgeKindOf(connection) ?? 'github';
  const host = entry.host ?? gitHostOf(kind, connection);
  if (host === null) return { problem: `its connection ${connection.id} has several hosts: say which by host` };
  const forge = forgeAt(kind, host, connection);
  if ('unreached' in forge) {
    return { problem: `its connection ${connection.id} attaches no credential to ${forge.unreached}` };
  }
  const problem = otherNature(kind, connection);
  return problem === null ? forge : { problem };
}

/** A connection says itself that it is for a forge. Otherwise all it reaches would be open as soon as its last grant goes. */
function otherNature(kind: Forge['kind'], connection: FileConnection): string | null {
  const own = forgeKindOf(connection);
  if (own === kind) return null;
  return own === null
    ? `its connection ${connection.id} is not said to be for a forge: write \`forge: ${kind}\` in that connection`
    : `its connection ${connection.id} is for ${TITLES[own]}, and not for ${TITLES[kind]}`;
}
