import type { EffectiveAccess, ForgeConnection } from '../../access/decision.ts';
import type { RepositoryGrant, RepositoryGuardrail } from '../../access/document.ts';
import { type GitOperation, judgeGit } from '../../access/forge/judge-git.ts';
import { headerKey } from '../../access/header-names.ts';
import { ruleId } from '../../access/rule-match.ts';
import type { Injection } from '../credentials/injection.ts';
import type { Exchange } from '../events/exchange.ts';
import { Refusal, type ToldRefusal } from '../refusal.ts';
import type { HeldAnswer } from '../request/held-answer.ts';
import type { AllowedDecision } from '../request/outgoing.ts';
import type { Target } from '../request/read-target.ts';
import type { RequestBody } from '../request/request-body.ts';
import { type RequestHead, valuesOf } from '../request/request-head.ts';
import { asGitCredential } from './git-credential.ts';

/** What the content of a request was found to be, and in which form it is sent. */
export interface Content {
  readonly head: RequestHead;
  /** Sent instead of the body that comes from the sandbox. Null streams that body. */
  readonly body: Buffer | null;
  /** How its answer is read. Null passes it on as it comes. */
  readonly answer: HeldAnswer | null;
  /** The name of a member whose text is overwritten where the answer is JSON. @default none */
  readonly hiddenMember?: string;
  /** The form in which the credential is attached. */
  attach(injection: Injection | null): Injection | null;
  /** Whether the rules of the moment allow it too. */
  stillHolds(access: EffectiveAccess): boolean;
}

export interface ContentRequest {
  readonly exchange: Exchange;
  readonly head: RequestHead;
  readonly target: Target;
  readonly body: RequestBody;
  readonly decision: AllowedDecision;
  readonly access: EffectiveAccess;
}

/** A request to a forge, with the grants that hold for it. */
export interface ForgeRequest extends ContentRequest {
  readonly forge: ForgeConnection;
  readonly grants: readonly RepositoryGrant[];
  readonly guardrails: readonly RepositoryGuardrail[];
}

/** Says whether a later policy allows the same operation. */
export function holds(forge: ForgeConnection, operation: GitOperation): Content['stillHolds'] {
  return (access) => judgeGit(operation, grantsOf(access, forge), access.repositoryGuardrails).isAllowed;
}

/** The repositories that a scope is granted by this connection at this forge. */
export function grantsOf({ repositories }: EffectiveAccess, { connection, forge }: ForgeConnection): RepositoryGrant[] {
  return repositories
    .map(({ grant }) => grant)
    .filter(
      (grant) =>
        grant.connection === connection &&
        grant.forge.gitHost === forge.gitHost &&
        grant.forge.gitPort === forge.gitPort,
    );
}

/** Said behind a refusal where a scope has no repository of the connection at all. Empty where it has one. */
export function withoutGrant({ grants, forge }: ForgeRequest): string {
  return grants.length > 0
    ? ''
    : ` Connection ${forge.connection} opens nothing without repositories in a bundle of this scope.`;
}

/** The head of a request whose body was replaced. */
export function withBody(head: RequestHead, body: Buffer | null): RequestHead {
  if (body === null) return head;
  return {
    ...head,
    headers: without(head, 'content-encoding', 'content-length', 'transfer-encoding'),
    framing: { kind: 'length', length: body.length },
  };
}

/** The head of a request whose answer is read: no coding is offered, so that it comes as it is. */
export function withPlainAnswer(head: RequestHead): RequestHead {
  return { ...head, headers: without(head, 'accept-encoding') };
}

function without(head: RequestHead, ...names: readonly string[]): RequestHead['headers'] {
  return head.headers.filter(([name]) => !names.includes(headerKey(name)));
}

/** The values of Content-Encoding. */
export function encodingsOf(head: RequestHead): string[] {
  return valuesOf(head.headers, 'content-encoding');
}

/** Attaches a credential in the form in which git signs in (git-credential.ts). */
export function attachToGit({ forge }: ForgeConnection): Content['attach'] {
  return (injection) => asGitCredential(injection, forge.kind);
}

/** The refusal of an operation of git. */
export function refusedGit(
  { decision }: ForgeRequest,
  { reason, guardrail }: { readonly reason: string; readonly guardrail?: string | null },
  told: ToldRefusal | null = null,
): Refusal {
  const rule = guardrail ?? ruleId(decision.rule);
  return new Refusal(guardrail ? 'guardrail' : 'git_refused', reason, { rule, isText: true, told });
}
