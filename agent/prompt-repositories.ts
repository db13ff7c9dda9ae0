import type { EffectiveAccess, EffectiveRepository } from '../access/decision.ts';

/**
 * The part of the system prompt about repositories: which there are, and how work in them is handed over. Empty when
 * none is granted.
 *
 * @param permalink the link to the thread, which pull requests name. Null when Slack gave none.
 */
export function repositoriesSection(access: EffectiveAccess | null, permalink: string | null): string[] {
  if (access === null || access.repositories.length === 0) return [];
  const link = permalink === null ? '' : ` and the link to this thread, ${permalink}`;
  return [
    [
      '# Repositories',
      ...access.repositories.map(repositoryLine),
      'Clone by https, for example `git clone https://HOST/OWNER/NAME.git`. No password or key is needed: the proxy attaches the credential. Leave author, committer and the trailers of commits as they are set.',
      'With "propose", push only to a new branch `bellhop/<what-it-is-about>`, without force and without tags. A branch that you pushed may only gain commits: merge instead of rebasing.',
      `Then open a draft pull request, whose body says what you changed and how you tested it${link}. On GitHub: \`gh pr create --draft\`. On Gitea the title begins with \`WIP: \`, on GitLab with \`Draft: \`. People review and merge; you do neither.`,
      'A push or call that is refused prints why. Do not look for another way.',
    ].join('\n'),
  ];
}

function repositoryLine({ grant, origin }: EffectiveRepository): string {
  const { repository, access, branches, forge } = grant;
  const where = access === 'write' ? `write (bellhop/..., ${branches.join(', ')})` : access;
  return `- https://${forge.gitHost}/${repository}: ${where} [bundle ${origin.bundle}, ${origin.scopeLabel}]`;
}
