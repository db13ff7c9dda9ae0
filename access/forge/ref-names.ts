/** Names of refs, as grants and pushes use them. */

/** Branches that a `propose` grant may push to. */
export const PROPOSED_BRANCHES = ['bellhop/**'] as const;

const MAX_REF = 255;
/** What git-check-ref-format forbids inside a name. */
const FORBIDDEN = /[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|[./]$/u;

/** Whether a text is the whole name of a ref that git accepts: `refs/heads/main`. */
export function isRefName(ref: string): boolean {
  return ref.startsWith('refs/') && ref.length <= MAX_REF && !FORBIDDEN.test(ref);
}

/**
 * Whether a ref is one of the listed branches. `*` stands for anything within one segment and `**` also for slashes. A
 * pattern that begins with `refs/` names a whole ref, so that tags can be listed: `refs/tags/v*`. Names are compared as
 * they are: `Main` is not `main`.
 */
export function matchesRef(patterns: readonly string[], ref: string): boolean {
  if (!isRefName(ref)) return false;
  return patterns.some((pattern) => {
    const whole = pattern.startsWith('refs/') ? pattern : `refs/heads/${pattern}`;
    return globOf(whole).test(ref);
  });
}

/** The short name for people: `main`, or `refs/tags/v1`. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/heads\//, '');
}

function globOf(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*|\*)/).map((part) => {
    if (part === '**') return '.+';
    return part === '*' ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 's');
}
