import type { WorkRef } from '../../store/find-work.ts';

const REPOSITORY = '[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)+';
const NUMBERED = new RegExp(`^(${REPOSITORY})[#!]([0-9]{1,9})$`);
/** GitHub has `/pull/`, Gitea `/pulls/`, GitLab `/-/merge_requests/`. */
const LINK = new RegExp(`^https?://[^/]+/(${REPOSITORY}?)/(?:pull|pulls|-/merge_requests)/([0-9]{1,9})(?:[/?#].*)?$`);

/**
 * Reads what names the work of a thread: `owner/name#12`, a pull request's link, or a repository with a branch. Null for
 * anything else.
 */
export function workRef(where: string, second: string | undefined): WorkRef | null {
  if (second !== undefined) {
    if (!new RegExp(`^${REPOSITORY}$`).test(where)) return null;
    return { repository: where, wanted: { branch: second.replace(/^refs\/heads\//, '') } };
  }
  const [, repository, number] = NUMBERED.exec(where) ?? LINK.exec(where) ?? [];
  return repository ? { repository, wanted: { pullRequest: Number(number) } } : null;
}
