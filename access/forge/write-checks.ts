import { type Checked, type JudgedWrite, text } from './api-request.ts';
import { matchesRef, PROPOSED_BRANCHES } from './ref-names.ts';

/** Checks of single writes, shared by the tables of the forges. */

/** A branch that a field of the body names. `full` says that the field has the whole name of a ref. */
export function writesBranch(field: string, full = false): (write: JudgedWrite) => Checked {
  return ({ body, branches }) => {
    const name = text(body[field]);
    if (name === null) return { refused: `The body must name the branch in "${field}".` };
    return branchAllowed(full ? name : `refs/heads/${name}`, branches);
  };
}

/** The ref that stands behind `refs/` in the path. The forge decodes it, so an encoded slash counts as one. */
export function writesRefInPath({ parts, branches }: JudgedWrite): Checked {
  try {
    return branchAllowed(`refs/${decodeURIComponent(parts.join('/'))}`, branches);
  } catch {
    return { refused: 'The name of the branch is not UTF-8.' };
  }
}

function branchAllowed(ref: string, branches: readonly string[]): Checked {
  if (matchesRef(branches, ref)) return { ref };
  return { refused: `${ref.replace(/^refs\/heads\//, '')} may not be changed, only ${branches.join(', ')}.` };
}

/**
 * A pull request: a draft, from a branch of this repository that the agent may have pushed.
 *
 * @param head the field with the branch
 * @param draftPrefix how the title of a draft begins, where no field says it
 */
export function opensDraft(head: string, draftPrefix: RegExp | null): (write: JudgedWrite) => Checked {
  return ({ body, repository, branches }) => {
    const owner = repository.slice(0, repository.indexOf('/')).toLowerCase();
    const [first = '', ...rest] = (text(body[head]) ?? '').split(':');
    const branch = rest.length === 0 ? first : rest.join(':');
    if (rest.length > 0 && first.toLowerCase() !== owner) {
      return { refused: `A pull request must come from a branch of ${repository} itself.` };
    }
    if (!matchesRef([...PROPOSED_BRANCHES, ...branches], `refs/heads/${branch}`)) {
      return { refused: `A pull request must come from a branch that may be pushed: ${branches.join(', ')}.` };
    }
    if (draftPrefix === null && body.draft !== true)
      return { refused: 'A pull request must be a draft: set "draft" to true.' };
    if (draftPrefix !== null && !draftPrefix.test(String(body.title ?? ''))) {
      return { refused: `A pull request must be a draft: begin its title with "${exampleOf(draftPrefix)}".` };
    }
    return { ref: `refs/heads/${branch}` };
  };
}

/** A changed title must still be that of a draft. */
export function staysDraft(draftPrefix: RegExp): (write: JudgedWrite) => Checked {
  return ({ body }) => {
    if (body.title === undefined || draftPrefix.test(String(body.title))) return { ref: null };
    return { refused: `A draft stays a draft: begin its title with "${exampleOf(draftPrefix)}".` };
  };
}

/** Fields that may have only some values. */
export function onlyValues(field: string, allowed: readonly unknown[]): (write: JudgedWrite) => Checked {
  return ({ body }) => {
    if (body[field] === undefined || allowed.includes(body[field])) return { ref: null };
    return { refused: `"${field}" may only be ${allowed.map((value) => JSON.stringify(value)).join(' or ')}.` };
  };
}

/** Runs all checks. The first refusal decides, and the first branch is the one that is recorded. */
export function allOf(...checks: readonly ((write: JudgedWrite) => Checked)[]): (write: JudgedWrite) => Checked {
  return (write) => {
    const results = checks.map((check) => check(write));
    return (
      results.find((result) => 'refused' in result) ??
      results.find((result) => 'ref' in result && result.ref) ?? { ref: null }
    );
  };
}

/**
 * GitLab runs lines such as `/merge` in texts as commands ("quick actions"), so a text may have none.
 */
export function withoutQuickActions(...fields: readonly string[]): (write: JudgedWrite) => Checked {
  return ({ body }) => {
    const field = fields.find((name) => /(?:^|[\n\r])\s*\/[A-Za-z]/.test(String(body[name] ?? '')));
    if (field === undefined) return { ref: null };
    return { refused: `"${field}" has a line that begins with a slash, and GitLab would run it as a command.` };
  };
}

function exampleOf(prefix: RegExp): string {
  return /wip/i.test(prefix.source) ? 'WIP: ' : 'Draft: ';
}
