import { z } from 'zod';
import { decide } from '../../access/decide.ts';
import type { EffectiveAccess, EffectiveConnectionRule, ForgeConnection } from '../../access/decision.ts';
import type { Forge } from '../../access/document.ts';
import { ruleId } from '../../access/rule-match.ts';
import type { Principal } from '../../contracts/scope.ts';
import type { GuardedDialer } from '../dialer/guarded-dialer.ts';
import type { Injector } from './injector.ts';
import { createGuardedFetch } from './tokens/guarded-fetch.ts';
import { readJson, throwIfRefused } from './tokens/token-answer.ts';

const account = z.object({
  id: z.int().positive(),
  login: z.string().optional(),
  username: z.string().optional(),
  name: z.string().nullish(),
  full_name: z.string().nullish(),
});
type Account = z.infer<typeof account>;

const LOGIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const MAX_NAME = 100;

export interface PersonAuthorOptions {
  readonly dialer: Pick<GuardedDialer, 'connectTls'>;
  readonly injector: Pick<Injector, 'prepare'>;
}

export interface PersonAuthorRequest {
  readonly access: EffectiveAccess;
  readonly principal: Principal;
  readonly signal: AbortSignal;
}

/** `Name <address>` of a person at the forge that they have connected. Null where none may be asked. */
export type PersonAuthor = (request: PersonAuthorRequest) => Promise<string | null>;

/**
 * Asks a forge whose token it was given. The address is the one by which the forge knows the person again without telling
 * anybody their own: `<id>+<login>@users.noreply.github.com`, `<id>-<name>@users.noreply.<host>` of GitLab, and
 * `<login>@noreply.<host>` of Gitea.
 */
export function createPersonAuthor({ dialer, injector }: PersonAuthorOptions): PersonAuthor {
  return async ({ access, principal, signal }) => {
    const found = forgeOf(access);
    if (!found) return null;
    const { forge, rule } = found;
    const injection = await injector.prepare({
      ...{ connection: rule.connection, principal, signal },
      ...{ rule: ruleId(rule), path: pathOf(forge), repositories: access.repositories },
    });
    if (injection.way !== 'headers') return null;
    const fetch = createGuardedFetch({
      dialer,
      host: { exceptions: rule.match.addresses, scope: access.scope, own: null },
      signal,
    });
    const port = forge.apiPort === 443 ? '' : `:${forge.apiPort}`;
    const answer = await fetch(`https://${forge.apiHost}${port}${pathOf(forge)}`, {
      headers: { accept: 'application/json', ...headersOf(injection.headers) },
    });
    await throwIfRefused(answer);
    return authorOf(await readJson(answer, account), forge);
  };
}

function headersOf(headers: readonly { readonly name: string; readonly value: string }[]): Record<string, string> {
  return Object.fromEntries(headers.map(({ name, value }) => [name, value]));
}

function pathOf({ apiPath }: Forge): string {
  return `${apiPath}/user`;
}

/**
 * The first forge among what the person has connected that may be asked who they are, with the rule that lets it. The
 * question is judged as the same request of a sandbox is: a guardrail, a `deny` and the offer's paths and methods hold.
 */
export function forgeOf(access: EffectiveAccess): { forge: Forge; rule: EffectiveConnectionRule } | null {
  for (const { connection: id, forge } of access.forges satisfies readonly ForgeConnection[]) {
    const question = { method: 'GET', scheme: 'https', host: forge.apiHost, port: forge.apiPort } as const;
    const decision = decide({ ...question, path: pathOf(forge) }, access);
    if (decision.outcome !== 'injected') continue;
    const { connection } = decision.rule;
    if (connection.id === id && connection.owner !== undefined) return { forge, rule: decision.rule };
  }
  return null;
}

/** Null when the forge's answer holds no name that can stand in a commit. */
function authorOf({ id, login, username, name, full_name: fullName }: Account, forge: Forge): string | null {
  const handle = login ?? username ?? '';
  if (!LOGIN.test(handle)) return null;
  const shown =
    (name || fullName || handle)
      .replace(/[<>\s\p{Cc}]+/gu, ' ')
      .trim()
      .slice(0, MAX_NAME) || handle;
  switch (forge.kind) {
    case 'github':
      return `${shown} <${id}+${handle}@users.noreply.${forge.gitHost}>`;
    case 'gitlab':
      return `${shown} <${id}-${handle}@users.noreply.${forge.gitHost}>`;
    case 'gitea':
      return `${shown} <${handle}@noreply.${forge.gitHost}>`;
  }
}
