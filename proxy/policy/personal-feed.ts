import { LRUCache } from 'lru-cache';
import type { HeldConnection } from '../../access/personal-access.ts';
import type { LeaseRequest } from '../../contracts/egress.ts';
import { actingPerson, type Person, scopeKind } from '../../contracts/scope.ts';
import type { TurnRef } from '../../store/turn-fence.ts';
import type { Lease } from '../lease/lease-table.ts';
import { Refusal } from '../refusal.ts';

/** Whom a request acts as, for whom, and in which turn. */
export type ActingLease = Pick<LeaseRequest, 'scope'> & {
  readonly principal: string;
  readonly requester: string;
} & Partial<Pick<Lease['request'], 'session' | 'epoch'>>;

/** What people have connected for themselves, asked of PostgreSQL for each request. */
export interface PersonalFeed {
  /**
   * What may be used of people's own connections at this moment: what the person has who is acted as, or what the requester of a turn has
   * allowed the agent to use. Null where there can be none, which is not kept waiting. While PostgreSQL does not say, it rejects with a
   * Refusal `policy_stale`; but a turn in which nothing allowed was seen yet goes on with nothing, which is less and never more.
   */
  heldBy(lease: ActingLease): Promise<readonly HeldConnection[]> | null;
}

export interface PersonalFeedOptions {
  readonly held: (owner: Person) => Promise<readonly HeldConnection[]>;
  /** What the requester of a turn has allowed the agent of its channel to use. */
  readonly allowed: (turn: TurnRef & { readonly requester: string }) => Promise<readonly HeldConnection[]>;
  /** Whether the policy in use offers anything. Otherwise nothing is asked. */
  readonly isOffered: () => boolean;
  /** Whether the policy in use lets the agent of a channel ask a requester. */
  readonly mayBeAllowed: () => boolean;
  readonly onError: (error: unknown, what: string) => void;
}

/** A look of one person that is under way, and the one that begins when it has ended. */
interface Looks {
  readonly now: Promise<readonly HeldConnection[]>;
  next: Promise<readonly HeldConnection[]> | null;
}

/**
 * Nothing is remembered between two requests. Therefore what is removed or revoked is gone for the next request, in every
 * proxy, and no list of all people is kept in memory. It costs a look at an index, and a second one for
 * a request that uses something of a person. Only requests that may do so pay for it.
 *
 * The requests of one person share looks, so that hundreds at once do not fill the pool before the proxy's other queries.
 * A look that is under way may miss a removal:
 * 1. The look reads what the person has.
 * 2. The person removes a connection.
 * 3. A request comes in before the look has ended.
 * Therefore such a request waits for the next look, which begins after it came in. All that come in until then share that
 * one, so a person has one look under way at any time.
 */
export function createPersonalFeed(options: PersonalFeedOptions): PersonalFeed {
  const { held, allowed, isOffered, mayBeAllowed, onError } = options;
  const underWay = new Map<string, Looks>();
  /** Turns in which something was allowed at the last look. One that is forgotten here goes on with the agent's own access. */
  const allowedTurns = new LRUCache<string, true>({ max: MOST_TURNS });

  async function look({ ask, goesOn }: Question): Promise<readonly HeldConnection[]> {
    try {
      return await ask();
    } catch (error) {
      onError(error, 'what a person has connected cannot be confirmed: the database is away');
      if (goesOn?.()) return [];
      throw new Refusal('policy_stale', 'What you have connected cannot be confirmed at the moment.');
    }
  }

  function begin(question: Question): Promise<readonly HeldConnection[]> {
    const { key } = question;
    const looks: Looks = { now: look(question), next: null };
    underWay.set(key, looks);
    const ended = () => {
      if (looks.next === null) underWay.delete(key);
    };
    looks.now.then(ended, ended);
    return looks.now;
  }

  function afterwards(looks: Looks, question: Question): Promise<readonly HeldConnection[]> {
    const again = () => begin(question);
    looks.next ??= looks.now.then(again, again);
    return looks.next;
  }

  function questionOf({ scope, principal, requester, session, epoch }: ActingLease): Question | null {
    const owner = actingPerson(principal);
    if (owner) {
      const isPlace = scope === principal || scopeKind(scope) === 'channel';
      // A turn that somebody else began, or a schedule, uses nothing of this person.
      return isPlace && requester === owner.person ? { key: principal, ask: () => held(owner) } : null;
    }
    const isAgent = scopeKind(scope) === 'channel' && principal === `agent@${scope}`;
    if (!isAgent || !mayBeAllowed() || !session || !epoch) return null;
    const { turn } = epoch;
    const key = `${session}/${turn}`;
    const ask = async () => {
      const found = await allowed({ session, turn, requester });
      if (found.length > 0) allowedTurns.set(key, true);
      else allowedTurns.delete(key);
      return found;
    };
    return { key, ask, goesOn: () => !allowedTurns.has(key) };
  }

  return {
    heldBy(lease) {
      const question = isOffered() ? questionOf(lease) : null;
      if (!question) return null;
      const looks = underWay.get(question.key);
      return looks ? afterwards(looks, question) : begin(question);
    },
  };
}

/** Far more than the sandboxes of one machine have. */
const MOST_TURNS = 10_000;

interface Question {
  /** The name under which requests share its answer: of one person, or of one turn. */
  readonly key: string;
  readonly ask: () => Promise<readonly HeldConnection[]>;
  /** Whether a request goes on with nothing when the look fails. @default it does not */
  readonly goesOn?: () => boolean;
}
