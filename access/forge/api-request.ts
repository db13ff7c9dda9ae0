import type { Forge, RepositoryOperation } from '../document.ts';

/** A request to a forge's API, as far as it is judged. */
export interface ApiRequest {
  readonly forge: Pick<Forge, 'kind'>;
  readonly method: string;
  /** Canonical, without the API's prefix: `/repos/acme/shop/pulls`. */
  readonly path: string;
  /** With its question mark, or empty. */
  readonly query: string;
  /** The JSON object of the body. Null without a body. What is sent is made from this object. */
  readonly body: Readonly<Record<string, unknown>> | null;
}

export type ApiVerdict = AllowedCall | DeniedCall;

export interface AllowedCall {
  readonly isAllowed: true;
  /** What it does, for the records: `read`, `open-pull-request`, `comment`. Several have spaces between them. */
  readonly operation: string;
  /** Null for what belongs to no repository, such as the limits of the API. Several have spaces between them. */
  readonly repository: string | null;
  /** The branch it concerns, if it names one. */
  readonly ref: string | null;
  /** For GraphQL: the query as it is to be sent, in place of the text that came. */
  readonly query?: string;
  /** For GraphQL: the ids in the answer, each with its repository. */
  readonly idsIn?: (answer: unknown) => ReadonlyMap<string, string>;
}

/** One thing that a call does in a repository. A call of GraphQL may do several, and guardrails judge each. */
export interface Act {
  readonly repository: string;
  readonly operations: readonly string[];
  readonly ref: string | null;
}

/** What the grants say of a call, before guardrails are asked. */
export type JudgedCall =
  | { readonly isAllowed: true; readonly call: AllowedCall; readonly acts: readonly Act[] }
  | DeniedCall;

export interface DeniedCall {
  readonly isAllowed: false;
  /** A sentence for people. */
  readonly reason: string;
  readonly repository: string | null;
  /** The guardrail that forbids it. Null when the grants do not allow it. */
  readonly guardrail: string | null;
}

/** A call that the grants do not allow. `reason` is a sentence for people; `repository` is null for what belongs to none. */
export function denied(reason: string, repository: string | null = null): DeniedCall {
  return { isAllowed: false, reason, repository, guardrail: null };
}

/** A write of the API that a grant may allow. */
export interface WriteRule {
  readonly method: string;
  /** The path below the repository. `{}` stands for one segment, and `{**}` at its end for any number of them. */
  readonly path: string;
  readonly needs: 'propose' | 'write';
  readonly operation: RepositoryOperation | 'write-object';
  /** What it may be besides. A guardrail that forbids one of these forbids the write. */
  readonly also?: readonly RepositoryOperation[];
  /** The fields that the body may have. Every other field is refused, because nobody judged what it does. */
  readonly fields: readonly string[];
  /** Looks at the values. Returns why they are refused, as a sentence, or the branch that the request concerns. */
  readonly check?: (write: JudgedWrite) => Checked;
}

export type Checked =
  | { readonly refused: string }
  /** `operation` is there when the values make the write another one than its rule says. */
  | { readonly ref: string | null; readonly operation?: RepositoryOperation };

export interface JudgedWrite {
  readonly repository: string;
  readonly kind: Forge['kind'];
  readonly body: Readonly<Record<string, unknown>>;
  /** The segments that `{}` and `{**}` stand for. */
  readonly parts: readonly string[];
  /** Patterns of the branches that the grants let it change. */
  readonly branches: readonly string[];
}

/** The segments that stand for `{}`. Null when the path is another one. */
export function matchPath(pattern: string, path: string): readonly string[] | null {
  const wanted = pattern.split('/');
  const given = path.split('/');
  const open = wanted.at(-1) === '{**}';
  if (open ? given.length < wanted.length : given.length !== wanted.length) return null;
  const parts: string[] = [];
  for (const [index, segment] of given.entries()) {
    const want = wanted[Math.min(index, wanted.length - 1)];
    if (want === '{}' || want === '{**}') {
      if (segment === '') return null;
      parts.push(segment);
    } else if (want !== segment) return null;
  }
  return parts;
}

/** A field of a body that must be text. Null for anything else, and for an empty one. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
