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

/** A look of one person that is under way, and the one that begins when it has ended. */
interface Looks {
  readonly now: Promise<readonly HeldConnection[]>;
  next: Promise<readonly HeldConnection[]> | null;
}

/**
 * Nothing is remembered between two requests. Therefore what is removed or revoked is gone for the next request, in every
 * proxy, and no list of all people is kept in memory. It costs one look at an index, and only requests of direct messages
 * pay for it.
 *
 * The requests of one person share looks, so that hundreds at once do not fill the pool before the proxy's other queries.
 * A look that is under way may miss a removal:
 * 1. The look reads what the person has.
 * 2. The person removes a connection.
 * 3. A request comes in before the look has ended.
 * Therefore such a request waits for the next look, which begins after it came in. All that come in until then share that
 * one, so a person has one look under way at any time.
 */
export function createPersonalFeed({ held, isOffered, onError }: PersonalFeedOptions): PersonalFeed {
  const underWay = new Map<ScopeKey, Looks>();

  async function look(owner: Person): Promise<readonly HeldConnection[]> {
    try {
      return await held(owner);
    } catch (error) {
      onError(error, 'what a person has connected cannot be confirmed: the database is away');
      throw new Refusal('policy_stale', 'What you have connected cannot be confirmed at the moment.');
    }
  }

  function begin(scope: ScopeKey, owner: Person): Promise<readonly HeldConnection[]> {
    const looks: Looks = { now: look(owner), next: null };
    underWay.set(scope, looks);
    const ended = () => {
      if (looks.next === null) underWay.delete(scope);
    };
    looks.now.then(ended, ended);
    return looks.now;
  }

  function afterwards(looks: Looks, scope: ScopeKey, owner: Person): Promise<readonly HeldConnection[]> {
    const again = () => begin(scope, owner);
    looks.next ??= looks.now.then(again, again);
    return looks.next;
  }

  return {
    heldBy({ scope, principal }) {
      const owner = actingPerson(scope, principal);
      if (!owner || !isOffered()) return null;
      const looks = underWay.get(scope);
      return looks ? afterwards(looks, scope, owner) : begin(scope, owner);
    },
  };
}

/** The person whose scope it is, if the lease acts as that person. Null in every other case. */
function actingPerson(scope: ScopeKey, principal: string): Person | null {
  return principal === scope ? ownerOf(scope) : null;
}
