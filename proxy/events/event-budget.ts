import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { EgressEvent } from '../../contracts/egress.ts';

/** The row in which a request is counted. */
export interface CountedIn {
  /** The request's own event; or, past the limit of its turn, the row that it shares, with the sums so far. */
  readonly row: EgressEvent;
  readonly isShared: boolean;
  /** Takes the request into account. Call it once its row is written, or is sure to be. */
  commit(): void;
}

/** Bounds the rows of one turn, whatever its sandbox sends. */
export interface EventBudget {
  /** Finds the row of a request that has ended. */
  of(event: EgressEvent): CountedIn;
}

export interface EventBudgetOptions {
  /** Requests of one turn with a row of their own. */
  readonly ownRows: number;
}

/** Shared rows of one turn. Requests beyond them share one row for each outcome. */
const SHARED_ROWS = 100;
/** Shared rows stay in memory, so that their texts are short. */
const MAX_TEXT = 256;
/** Turns that are remembered. One that is forgotten begins again with a new budget. */
const TURNS = 500;
const FORGOTTEN_AFTER_MS = 3_600_000;

interface TurnBudget {
  ownRows: number;
  readonly shared: Map<string, EgressEvent>;
}

/**
 * Gives the first requests of a turn a row of their own. After that, requests with the same outcome, host and rule share one: it has
 * the words of the first of them, `requests` says how many there were, and bytes are summed up. The counts of a turn stay exact, and
 * neither spool nor database grows with a flood.
 *
 * A shared row is written again and again under one id with ever larger sums, so that storing one twice, or an older one late, changes
 * nothing. Another process of the proxy begins new rows.
 *
 * @example
 *   const counted = budget.of(event);
 *   write(counted.row);
 *   counted.commit();
 */
export function createEventBudget({ ownRows }: EventBudgetOptions): EventBudget {
  const turns = new LRUCache<string, TurnBudget>({ max: TURNS, ttl: FORGOTTEN_AFTER_MS, updateAgeOnGet: true });

  /** What a sandbox tries outside its turns has one budget. */
  function budgetOf({ sandbox, session, turn }: EgressEvent): TurnBudget {
    const key = JSON.stringify([sandbox, session, turn]);
    const known = turns.get(key);
    if (known) return known;
    const begun: TurnBudget = { ownRows: 0, shared: new Map() };
    turns.set(key, begun);
    return begun;
  }

  return {
    of(event) {
      const budget = budgetOf(event);
      if (budget.ownRows < ownRows) {
        return {
          row: event,
          isShared: false,
          commit() {
            budget.ownRows += 1;
          },
        };
      }
      const own = kindOf(event);
      const key = budget.shared.has(own) || budget.shared.size < SHARED_ROWS ? own : event.outcome;
      const known = budget.shared.get(key);
      const row = known ? added(known, event) : first(event, key !== own);
      return { row, isShared: true, commit: () => void budget.shared.set(key, row) };
    },
  };
}

/** Requests that share a row are alike in all that an audit asks for. */
function kindOf(event: EgressEvent): string {
  const { outcome, code, host, port, rule, bundle, ruleScope, connection, transport } = event;
  const { operation, repository, ref } = event;
  return JSON.stringify([
    outcome,
    code,
    host,
    port,
    rule,
    bundle,
    ruleScope,
    connection,
    transport,
    operation,
    repository,
    ref,
  ]);
}

function first(event: EgressEvent, isOfManyHosts: boolean): EgressEvent {
  const { reason, path, method } = event;
  const row = { ...event, id: randomUUID(), requests: 1 };
  if (isOfManyHosts) {
    const reasonOfAll = `Requests of too many kinds to have a row each. The first was: ${reason}`;
    return { ...row, host: '*', method: '*', path: '*', reason: reasonOfAll.slice(0, MAX_TEXT) };
  }
  return {
    ...row,
    reason: reason.slice(0, MAX_TEXT),
    path: path.slice(0, MAX_TEXT),
    method: method.slice(0, MAX_TEXT),
  };
}

function added(row: EgressEvent, { bytesOut, bytesIn }: EgressEvent): EgressEvent {
  return {
    ...row,
    requests: (row.requests ?? 1) + 1,
    bytesOut: row.bytesOut + bytesOut,
    bytesIn: row.bytesIn + bytesIn,
  };
}
