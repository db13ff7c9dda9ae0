import { LRUCache } from 'lru-cache';
import type { AccessDocument } from '../../access/document.ts';
import { effectiveAccess } from '../../access/effective-access.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import { bindingOf, bindingText } from '../../credentials/binding.ts';
import type { Injector } from './injector.ts';

/** Who commits in the sandboxes of a scope: the GitHub App whose connection opens the scope's repositories. */
export interface CommitAuthors {
  /**
   * `Name <address>` of the first App of the scope. Null where it has none, and where its forge does not say who it is.
   * It never fails, and answers within five seconds.
   */
  of(scope: ScopeKey): Promise<string | null>;
}

export interface CommitAuthorsOptions {
  /** The policy in use. Null before the first is loaded. */
  readonly document: () => AccessDocument | null;
  readonly injector: Pick<Injector, 'author'>;
  /** @throws when the policy was not confirmed lately, because a credential is used to ask */
  readonly confirm: () => void;
  readonly onError: (error: unknown, what: string) => void;
}

const WITHIN_MS = 5_000;
/** An App that is renamed is a new author on the next day. */
const KNOWN_FOR_MS = 24 * 3_600_000;
/** A forge that is away does not hold up each sandbox. */
const UNKNOWN_FOR_MS = 60_000;
const MAX_KEPT = 1_000;

export function createCommitAuthors({ document, injector, confirm, onError }: CommitAuthorsOptions): CommitAuthors {
  // Holds for a credential as it was sealed. One that was replaced is another App's, maybe.
  const kept = new LRUCache<string, Promise<string | null>>({ max: MAX_KEPT, ttl: KNOWN_FOR_MS });

  return {
    async of(scope) {
      const found = document();
      if (!found) return null;
      const { repositories } = effectiveAccess(found, scope);
      const connection = repositories
        .map(({ grant }) => found.connections.find(({ id }) => id === grant.connection))
        .find((each) => each?.credential.kind === 'github-app');
      if (!connection) return null;
      const key = bindingText(bindingOf(connection));
      const known = kept.get(key);
      if (known) return await known;
      const asking = (async () => {
        confirm();
        const signal = AbortSignal.timeout(WITHIN_MS);
        return await injector.author({ connection, rule: connection.id, repositories, signal });
      })().catch((error: unknown) => {
        onError(error, `the forge does not say who connection ${connection.id} is; commits are by the usual author`);
        if (kept.peek(key) === asking) kept.set(key, asking, { ttl: UNKNOWN_FOR_MS });
        return null;
      });
      kept.set(key, asking);
      return await asking;
    },
  };
}
