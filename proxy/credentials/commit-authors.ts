import { LRUCache } from 'lru-cache';
import type { AccessDocument, Connection } from '../../access/document.ts';
import { effectiveAccess } from '../../access/effective-access.ts';
import { actingPerson, type Principal, principalOf, type ScopeKey } from '../../contracts/scope.ts';
import { bindingOf, bindingText } from '../../credentials/binding.ts';
import type { PersonalFeed } from '../policy/personal-feed.ts';
import type { Injector } from './injector.ts';
import { forgeOf, type PersonAuthor } from './person-author.ts';
import { orAborted } from './tokens/or-aborted.ts';

/**
 * Who commits in the sandboxes of a scope: the GitHub App whose connection opens the scope's repositories; where a person is acted
 * as, that person, as the forge knows them whose token they have connected.
 */
export interface CommitAuthors {
  /**
   * `Name <address>` of the first App of the scope, or of the person. Null where there is none, and where the forge does
   * not say who it is.
   * It never fails, and answers within five seconds.
   */
  of(scope: ScopeKey, principal?: Principal): Promise<string | null>;
}

export interface CommitAuthorsOptions {
  /** The policy in use. Null before the first is loaded. */
  readonly document: () => AccessDocument | null;
  readonly injector: Pick<Injector, 'author'>;
  readonly personal: PersonalFeed;
  readonly personAuthor: PersonAuthor;
  /** @throws when the policy was not confirmed lately, because a credential is used to ask */
  readonly confirm: () => void;
  readonly onError: (error: unknown, what: string) => void;
  /** @default 5000 */
  readonly withinMs?: number;
}

const WITHIN_MS = 5_000;
/** An App that is renamed is a new author on the next day. */
const KNOWN_FOR_MS = 24 * 3_600_000;
/** A forge that is away does not hold up each sandbox. */
const UNKNOWN_FOR_MS = 60_000;
const MAX_KEPT = 1_000;

/** One for each proxy. It remembers authors for a day, and that nobody is known for a minute. */
export function createCommitAuthors(options: CommitAuthorsOptions): CommitAuthors {
  const { document, injector, confirm, onError, withinMs = WITHIN_MS } = options;
  // Holds for a credential as it was sealed. One that was replaced is another App's, maybe.
  const kept = new LRUCache<string, Promise<string | null>>({ max: MAX_KEPT, ttl: KNOWN_FOR_MS });

  /** Asks once for all who wait. */
  async function known(connection: Connection, signal: AbortSignal, ask: () => Promise<string | null>) {
    const key = bindingText(bindingOf(connection));
    const found = kept.get(key);
    if (found) return await found;
    const asking = (async () => {
      confirm();
      return await orAborted(ask(), signal);
    })().catch((error: unknown) => {
      onError(error, `the forge does not say who connection ${connection.id} is; commits are by the usual author`);
      if (kept.peek(key) === asking) kept.set(key, asking, { ttl: UNKNOWN_FOR_MS });
      return null;
    });
    kept.set(key, asking);
    return await asking;
  }

  async function ofPerson(
    found: AccessDocument,
    { scope, principal, person }: { scope: ScopeKey; principal: Principal; person: string },
    signal: AbortSignal,
  ): Promise<string | null> {
    // What the person has removed is asked nothing any more.
    const holding = options.personal.heldBy({ scope, principal, requester: person });
    const held = holding && (await orAborted(holding, signal).catch(() => null));
    if (!held) return null;
    const access = effectiveAccess(found, scope, held, principal);
    const own = access.enabled ? forgeOf(access) : null;
    const ask = () => options.personAuthor({ access, principal, signal });
    return own && (await known(own.rule.connection, signal, ask));
  }

  return {
    async of(scope, principal = principalOf(scope)) {
      const found = document();
      if (!found) return null;
      const signal = AbortSignal.timeout(withinMs);
      const acting = actingPerson(principal);
      if (acting) return await ofPerson(found, { scope, principal, person: acting.person }, signal);
      const { repositories } = effectiveAccess(found, scope);
      const connection = repositories
        .map(({ grant }) => found.connections.find(({ id }) => id === grant.connection))
        .find((each) => each?.credential.kind === 'github-app');
      if (!connection) return null;
      return await known(connection, signal, () =>
        injector.author({ connection, principal, rule: connection.id, repositories, signal }),
      );
    },
  };
}
