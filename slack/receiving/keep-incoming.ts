import { setImmediate as everythingRead, setTimeout as pause } from 'node:timers/promises';
import type { Queryable } from '../../store/database.ts';
import { type Arrival, type Kept, keepEntries } from '../../store/inbox-intake.ts';
import { isBadValue } from '../../store/unreachable.ts';
import type { SlackIdentity } from '../api/identity.ts';
import { incomingOf } from './incoming.ts';

export interface KeeperOptions {
  readonly db: Queryable;
  readonly identity: SlackIdentity;
  /** A call of the agent was stored so late that replies to it may have been dropped. */
  readonly onLate: () => void;
  /** When aborted, nothing waits for its second look any more. */
  readonly ending: AbortSignal;
  /** How long a reply waits for the mention that it belongs to. @default 1500 */
  readonly secondLookMs?: number;
}

/**
 * Stores what an event of Slack is to us. True when there is a new row to deliver. Throws when it could not be stored.
 */
export type Keeper = (body: unknown) => Promise<boolean>;

/** Slack waits three seconds for an acknowledgement. This leaves as much time again for storing. */
const SECOND_LOOK_MS = 1_500;
/** A statement of so many rows takes some tens of milliseconds. */
const MOST_AT_ONCE = 100;

/**
 * Stores events in batches: while one statement runs, the events that come in wait and go into the next one together. So
 * do those that are read from the socket at once, as the two that Slack sends of one mention often are. An event alone
 * is stored at once. An event that PostgreSQL refuses fails by itself: the others of its batch are stored
 * one by one.
 *
 * An untagged reply is kept only where the agent is part of the thread. With several gateways it may be stored before
 * its mention:
 * 1. Slack sends a mention to gateway A, and a reply to it to gateway B.
 * 2. B stores first. It finds no mention in the thread, so the reply is not for us.
 * 3. A stores the mention. Nobody reads the reply.
 * Therefore B looks a second time, and acknowledges the reply to Slack only then. Until then it is in memory only: what
 * people say to each other in other threads is never written down. Where A needs longer than B waits, A asks for a
 * catch-up (`onLate`), which reads the thread from Slack.
 */
export function createKeeper(options: KeeperOptions): Keeper {
  const { db, identity, onLate, ending, secondLookMs = SECOND_LOOK_MS } = options;
  const store = createIntake(db);
  return async (body) => {
    const arrival = incomingOf(body, identity);
    if (arrival === null) return false;
    const came = performance.now();
    let kept = await store(arrival);
    // A message was there before its edit, so there is nothing to wait for.
    if (kept === 'elsewhere' && arrival.entry.kind !== 'edit') {
      await pause(secondLookMs, undefined, { signal: ending }).catch(() => undefined);
      kept = await store(arrival);
    }
    // The reply was written after the mention, so B's wait ends at least this long after it.
    if (kept === 'new' && arrival.keep === 'always' && performance.now() - came > secondLookMs) onLate();
    return kept === 'new';
  };
}

interface Waiting {
  readonly arrival: Arrival;
  readonly resolve: (kept: Kept) => void;
  readonly reject: (error: unknown) => void;
}

/** Runs one statement at a time, for all arrivals that wait. */
function createIntake(db: Queryable): (arrival: Arrival) => Promise<Kept> {
  const waiting: Waiting[] = [];
  let isStoring = false;

  const keep = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const kept = await keepEntries(
        db,
        batch.map(({ arrival }) => arrival),
      );
      batch.forEach(({ resolve }, nth) => void resolve(kept[nth] ?? 'elsewhere'));
    } catch (error) {
      if (batch.length > 1 && isBadValue(error)) for (const one of batch) await keep([one]);
      else for (const { reject } of batch) reject(error);
    }
  };

  const keepWaiting = async (): Promise<void> => {
    isStoring = true;
    while (waiting.length > 0) {
      await everythingRead();
      await keep(waiting.splice(0, MOST_AT_ONCE));
    }
    isStoring = false;
  };

  return (arrival) =>
    new Promise((resolve, reject) => {
      waiting.push({ arrival, resolve, reject });
      if (!isStoring) void keepWaiting();
    });
}
