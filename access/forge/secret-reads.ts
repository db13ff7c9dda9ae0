import type { Forge } from '../document.ts';
import { pathReadings } from '../path-readings.ts';

/**
 * Parts of a repository's API whose answers may hold secrets, or keys and tokens of others: a grant is for the
 * repository's content, so nobody reads them. GitLab also takes a format behind a name (`variables.json`).
 */
const SECRETS: Readonly<Record<Forge['kind'], RegExp>> = {
  github: parts(
    'hooks',
    'keys',
    'secret-scanning',
    '(?:actions|agents|codespaces|dependabot)/(?:organization-)?(?:secrets|variables)',
    'actions/(?:runners|runner-groups)',
    'environments/.+/(?:secrets|variables)',
  ),
  gitea: parts('hooks', 'keys', 'push_mirrors', 'runners', 'actions/(?:runners|secrets|variables)'),
  gitlab: parts(
    'access_tokens',
    'cluster_agents/[^/]+/tokens',
    'clusters',
    'deploy_keys',
    'deploy_tokens',
    'error_tracking/client_keys',
    // Tells of other projects, with the tokens of their runners.
    'forks',
    'hooks',
    'integrations',
    'mirror',
    'pipeline_schedules',
    'pipelines/[^/]+/variables',
    'remote_mirrors',
    'runners',
    'secure_files',
    'service_accounts',
    'services',
    'terraform/state',
    'triggers',
    'variables',
  ),
};

/**
 * Whether the answer to a read may hold secrets. Every reading of the path counts.
 *
 * @param rest the path below the repository, empty or beginning with a slash
 */
export function mayHoldSecrets(kind: Forge['kind'], rest: string): boolean {
  const readings = pathReadings(rest);
  return readings === null || readings.some((each) => SECRETS[kind].test(each));
}

function parts(...patterns: readonly string[]): RegExp {
  return new RegExp(`^/(?:${patterns.join('|')})(?:[./]|$)`, 'i');
}
