/** Who commits in a sandbox, and what each commit says about its origin. Files of the folder that the sandbox sees. */
export interface CommitIdentity {
  /** `Name <address>`. Null: nobody has said who, and Bellhop commits under its own name. */
  readonly author: string | null;
  /** Lines at the end of each message (git-interpret-trailers): `Thread: https://…`. */
  readonly trailers: readonly string[];
}

/** The files that git in the sandbox reads: its settings, and the trailers that the hook adds. */
export const COMMIT_FILES = { settings: 'gitconfig', trailers: 'trailers' } as const;

const AUTHOR = /^([^<>]+?)\s*<([^<>\s]+)>$/;

/**
 * @example
 *   commitFiles({ author: 'Acme Agent <agent@acme.test>', trailers: ['Requested-by: Ada'] })
 *   // { gitconfig: '[user]\n\tname = "Acme Agent"\n…', trailers: 'Requested-by: Ada\n' }
 */
export function commitFiles({ author, trailers }: CommitIdentity): Readonly<Record<string, string>> {
  const [, name = 'Bellhop', address = 'bellhop@localhost'] = AUTHOR.exec(author ?? '') ?? [];
  return {
    [COMMIT_FILES.settings]: `[user]\n\tname = ${quoted(name)}\n\temail = ${quoted(address)}\n`,
    [COMMIT_FILES.trailers]: trailers.map((each) => `${oneLine(each)}\n`).join(''),
  };
}

/** A value of git-config(1): in quotes, with quotes and backslashes escaped. */
function quoted(text: string): string {
  return `"${oneLine(text).replace(/["\\]/g, '\\$&')}"`;
}

/** Names of people may hold anything. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}
