import type { EffectiveAccess } from '../../../access/decision.ts';

/** What a token of a GitHub App's installation is asked to cover. Equal grants have equal texts as JSON. */
export interface InstallationGrant {
  /** `owner/name` in lower case, sorted; or `owner/*`. */
  readonly repositories: readonly string[];
  /** Whether some repository may be pushed to. Permissions hold for all repositories of a token alike. */
  readonly canPush: boolean;
}

/**
 * What the bundles of a scope grant of a connection's repositories. Grants for one level are put together, because a
 * token has one set of permissions: which repository of them may be pushed to is for the rules of git and API to judge.
 */
export function installationGrant(granted: EffectiveAccess['repositories'], connection: string): InstallationGrant {
  const own = granted.map(({ grant }) => grant).filter((grant) => grant.connection === connection);
  return {
    repositories: [...new Set(own.map(({ repository }) => repository.toLowerCase()))].sort(),
    canPush: own.some(({ access }) => access !== 'read'),
  };
}

type Level = 'read' | 'write';

/** The permissions that a token for reading asks for, as far as the app has them. */
const READING = ['actions', 'checks', 'contents', 'issues', 'metadata', 'pull_requests', 'statuses'];
/**
 * What pushing and pull requests need. `workflows` is never asked for: who may change a workflow may run code with the
 * secrets of the repository.
 */
const WRITING = ['contents', 'pull_requests'];

/** The permissions to ask for: what the grant needs, and no more than the installation has. */
export function permissionsFor(
  { canPush }: InstallationGrant,
  has: Readonly<Record<string, string>>,
): Record<string, Level> {
  const asked: Record<string, Level> = {};
  for (const name of READING) {
    if (has[name] === undefined) continue;
    const canWrite = has[name] === 'write' || has[name] === 'admin';
    asked[name] = canPush && canWrite && WRITING.includes(name) ? 'write' : 'read';
  }
  return asked;
}

/**
 * The names of the granted repositories that belong to the installation's account. Null when all of them are granted
 * (`owner/*`). Repositories of other accounts are left out, because the installation cannot reach them.
 */
export function repositoriesOf({ repositories }: InstallationGrant, account: string): readonly string[] | null {
  const names = repositories
    .filter((repository) => repository.startsWith(`${account.toLowerCase()}/`))
    .map((repository) => repository.slice(account.length + 1));
  return names.includes('*') ? null : names;
}
