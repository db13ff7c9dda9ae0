import type { HeldConnection } from '../../access/personal-access.ts';
import type { LeaseRequest } from '../../contracts/egress.ts';
import { ownerOf, type Person, type ScopeKey } from '../../contracts/scope.ts';
import { Refusal } from '../refusal.ts';

/** What people have connected for themselves, asked of PostgreSQL for each request. */
export interface PersonalFeed {
  /**
   * What the person of a lease has connected at this moment. Null for the lease of anything but a person who acts as
   * themselves: it has nothing of any person, and is not kept waiting. Rejects with a Refusal `policy_stale` while
   * PostgreSQL does not say.
   */
  heldBy(
    lease: Pick<LeaseRequest, 'scope'> & { readonly principal: string },
  ): Promise<readonly HeldConnection[]> | null;
}

export interface PersonalFeedOptions {
  readonly held: (owner: Person) => Promise<readonly HeldConnection[]>;
  /** Whether the policy in use offers anything. Otherwise nothing is asked. */
  readonly isOffered: () => boolean;
  readonly onError: (error: unknown, what: string) => void;
}

/**
 * Nothing is remembered between two requests. Therefore what is removed or revoked is gone for the next request, in every
 * proxy, and no list of all people is kept in memory. It costs one look at an index, and only requests of direct messages
 * pay for it.
 */
export function createPersonalFeed({ held, isOffered, onError }: PersonalFeedOptions): PersonalFeed {
  return {
    heldBy({ scope, principal }) {
      const owner = actingPerson(scope, principal);
      if (!owner || !isOffered()) return null;
      return held(owner).catch((error: unknown) => {
        onError(error, 'what a person has connected cannot be confirmed: the database is away');
        throw new Refusal('policy_stale', 'What you have connected cannot be confirmed at the moment.');
      });
    },
  };
}

/** The person whose scope it is, if the lease acts as that person. Null in every other case. */
function actingPerson(scope: ScopeKey, principal: string): Person | null {
  return principal === scope ? ownerOf(scope) : null;
}
