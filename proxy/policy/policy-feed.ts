import type { EffectiveAccess } from '../../access/decision.ts';
import type { AccessDocument, Connection } from '../../access/document.ts';
import { type AccessIndex, indexAccess } from '../../access/effective-access.ts';
import type { HeldConnection } from '../../access/personal-access.ts';
import { type Principal, principalOf, type ScopeKey } from '../../contracts/scope.ts';
import { orLate } from '../../contracts/within.ts';
import { shareLooks } from '../../store/shared-look.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import { Refusal } from '../refusal.ts';
import { checkShape, MalformedPolicy } from './document-shape.ts';

/** The current policy, as PostgreSQL last confirmed it. */
export interface PolicyFeed {
  /** What a scope may reach at one host (effective-access.ts). @throws Refusal `policy_not_loaded`, `policy_stale` */
  accessTo(host: string, scope: ScopeKey, held?: readonly HeldConnection[], principal?: Principal): EffectiveAccess;
  /** The same at every host. It costs more. @throws Refusal as {@link accessTo} */
  wholeAccess(scope: ScopeKey, held?: readonly HeldConnection[], principal?: Principal): EffectiveAccess;
  /** An injection needs a newer confirmation than a request without credential. @throws Refusal `policy_stale` */
  confirmForInjection(): void;
  /** The sealed credential of a connection of this policy. Null when none is stored. */
  sealedOf(connection: Connection): Uint8Array | null;
  /** The policy that is in use. Null before the first is loaded. */
  readonly document: AccessDocument | null;
  /** Those of the policy that is in use. */
  readonly connections: readonly Connection[];
  /** Asks PostgreSQL now. Resolves also when that fails; `onError` is told. */
  refresh(): Promise<void>;
  readonly version: number | null;
  readonly ageMs: number | null;
  readonly databaseAway: boolean;
  stop(): Promise<void>;
}

export interface PolicyFeedOptions {
  /** Names what is in force, cheaply: another text after each change. */
  readonly revision: () => Promise<string>;
  readonly load: () => Promise<AccessDocument>;
  /** The sealed credentials of a document, by connection id. */
  readonly loadSealed: (document: AccessDocument) => Promise<ReadonlyMap<string, Uint8Array>>;
  readonly clock: MonotonicClock;
  /** After each new version. */
  readonly onChange: () => void;
  readonly onError: (error: unknown, what: string) => void;
  readonly pollMs?: number;
  readonly answerMs?: number;
}

const POLL_MS = 500;
/** After this, PostgreSQL counts as away: a query that hangs must not hold up the next one. */
const ANSWER_MS = 3_000;
/** How old the last confirmation may be for a request without a credential. */
const FORWARD_MS = 10 * 60_000;
/** How old it may be for a request that gets a credential. */
const INJECT_MS = 30_000;

/**
 * Follows the policy: asks PostgreSQL twice a second, and at once after a notification. A new policy replaces the old
 * one together with the sealed credentials of its connections. Therefore attaching a credential needs no query.
 */
export function startPolicyFeed(options: PolicyFeedOptions): PolicyFeed {
  const { revision, load, loadSealed, clock, onChange, onError, pollMs = POLL_MS, answerMs = ANSWER_MS } = options;
  let document: AccessDocument | null = null;
  let sealed: ReadonlyMap<string, Uint8Array> = new Map();
  /** Of `document`. Empty before the first. */
  let known = '';
  let malformed = '';
  let confirmedAt = 0;
  let away = false;
  let index: AccessIndex | null = null;

  async function ask(): Promise<void> {
    const askedAt = clock.now();
    try {
      const news = await orLate(answerMs, loadNews(), `no answer in ${answerMs} ms`);
      confirmedAt = askedAt;
      away = false;
      if (!news) return;
      ({ document, sealed, known } = news);
      index = indexAccess(document);
      onChange();
    } catch (error) {
      failed(error);
    }
  }

  /**
   * Null when PostgreSQL still has the revision that is loaded here. The revision is read before the document. Therefore a
   * change in between is found by the next question, because its revision is not the one that is noted here.
   */
  async function loadNews() {
    const found = await revision();
    if (document && found === known) return null;
    const checked = checkShape(await load());
    return { document: checked, sealed: await loadSealed(checked), known: found };
  }

  /** Keeps the last good policy. Its confirmation is not renewed, so it becomes stale in time. */
  function failed(error: unknown): void {
    if (error instanceof MalformedPolicy) {
      if (malformed !== error.message) onError(error, 'the policy that is stored is not taken over');
      malformed = error.message;
      away = false;
      return;
    }
    if (!away) onError(error, 'the policy cannot be confirmed: the database is away');
    away = true;
  }

  /**
   * A query that is already under way may miss a change:
   * 1. The query reads version 4.
   * 2. Version 5 is stored, and its notification calls `refresh`.
   * Therefore such a call is answered by a query of its own, after that one.
   */
  const look = shareLooks(ask);
  let last: Promise<void> = Promise.resolve();
  const refresh = (): Promise<void> => {
    last = look();
    return last;
  };

  const timer = setInterval(() => void refresh(), pollMs);

  const age = () => clock.now() - confirmedAt;

  function inUse(): AccessIndex {
    if (!index) throw new Refusal('policy_not_loaded', 'The access rules are not loaded yet.');
    if (age() > FORWARD_MS) throw new Refusal('policy_stale', 'The access rules were not confirmed for ten minutes.');
    return index;
  }

  return {
    accessTo: (host, scope, held = [], principal = principalOf(scope)) =>
      inUse().accessTo(host, scope, held, principal),
    wholeAccess: (scope, held = [], principal = principalOf(scope)) => inUse().effective(scope, held, principal),
    confirmForInjection() {
      if (age() <= INJECT_MS) return;
      throw new Refusal('policy_stale', 'Credentials are not used while the access rules cannot be confirmed.');
    },
    sealedOf: ({ id }) => sealed.get(id) ?? null,
    refresh,
    get connections() {
      return document?.connections ?? [];
    },
    get document() {
      return document;
    },
    get version() {
      return document?.version ?? null;
    },
    get ageMs() {
      return document ? age() : null;
    },
    get databaseAway() {
      return away;
    },
    async stop() {
      clearInterval(timer);
      await last;
    },
  };
}
