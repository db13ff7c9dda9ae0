import { pathReadings, queryReadings } from '../path-readings.ts';

/** GitHub and Gitea compare branches, also with those of forks: `main...owner:branch`, `owner:name:branch`, `owner/name:branch`. */
const COMPARE = /^\/compare(?:[./]|$)/i;
/**
 * GitLab compares with the project that `from_project_id` names, and takes templates from another one. Some servers skip
 * signs before a name.
 */
const PROJECT_PARAMETER = /[?&;][^?&;=]*project_id(?!\w)/i;

/**
 * Why a read below a granted repository is refused: it names another repository beside it. Null when it names none.
 *
 * @param rest the path below the repository, empty or beginning with a slash
 * @param query with its question mark, or empty
 */
export function namesOther(repository: string, rest: string, query: string): string | null {
  const compares = pathReadings(rest)?.some((each) => COMPARE.test(each) && each.includes(':')) ?? true;
  if (compares) return `Compare branches of ${repository} itself, without an owner before the branch.`;
  const names = queryReadings(query)?.some((each) => PROJECT_PARAMETER.test(each)) ?? true;
  if (!names) return null;
  return `A parameter of the query names another project than ${repository}.`;
}
