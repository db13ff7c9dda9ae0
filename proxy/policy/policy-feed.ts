import type { EffectiveAccess } from '../../access/decision.ts';
import type { AccessDocument, Connection } from '../../access/document.ts';
import { effectiveAccess } from '../../access/effective-access.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import { Refusal } from '../refusal.ts';
import { checkShape, MalformedPolicy } from './document-shape.ts';

/** The policy of the moment, as far as PostgreSQL lately confirmed it. */
export interface PolicyFeed {
  /** @throws Refusal `policy_not_loaded`, `policy_stale` */
  accessOf(scope: ScopeKey): EffectiveAccess;
  /** An injection asks for a fresher confirmation than what goes out bare. @throws Refusal `policy_stale` */
  confirmForInjection(): void;
  /** The sealed credential of a connection of this policy; null when none is stored for it. */
  sealedOf(connection: Connection): Uint8Array | null;
  /** Asks PostgreSQL now. */
  refresh(): Promise<void>;
  readonly version: number | null;
  readonly ageMs: number | null;
  readonly databaseAway: boolean;
  stop(): Promise<void>;
}

export interface PolicyFeedOptions {
  readonly load: () => Promise<AccessDocument>;
  /** The sealed credentials of a document, by connection. */
  readonly loadSealed: (document: AccessDocument) => Promise<ReadonlyMap<string, Uint8Array>>;
  readonly clock: MonotonicClock;
  /** After each new version. */
  readonly onChange: () => void;
  readonly onError: (error: unknown, what: string) => void;
  readonly pollMs?: number;
  readonly answerMs?: number;
}

const POLL_MS = 500;
/** PostgreSQL that takes longer than this is away: a query that hangs must not keep the next one from being asked. */
const ANSWER_MS = 3_000;
/** How long a policy is gone by that PostgreSQL does not confirm. */
const FORWARD_MS = 10 * 60_000;
const INJECT_MS = 30_000;

/**
 * Follows the policy by asking twice a second; a notification makes it ask at once. A policy takes over whole, with the
 * sealed credentials of its connections, so that nothing has to be read when one is to be attached.
 */
export function startPolicyFeed(options: PolicyFeedOptions): PolicyFeed {
  const { load, loadSealed, clock, onChange, onError, pollMs = POLL_MS, answerMs = ANSWER_MS } = options;
  let document: AccessDocument | null = null;
  let sealed: ReadonlyMap<string, Uint8Array> = new Map();
  let malformed = '';
  let confirmedAt = 0;
  let away = false;
  let loading: Promise<void> | null = null;
  let again = false;
  const byScope = new Map<ScopeKey, EffectiveAccess>();

  async function ask(): Promise<void> {
    const askedAt = clock.now();
    try {
      const news = await within(answerMs, loadNews());
      confirmedAt = askedAt;
      away = false;
      if (!news) return;
      ({ document, sealed } = news);
      byScope.clear();
      onChange();
    } catch (error) {
      failed(error);
    }
  }

  /** Null when the version in force is the one we have. */
  async function loadNews() {
    const loaded = await load();
    if (document && loaded.version === document.version) return null;
    const checked = checkShape(loaded);
    return { document: checked, sealed: await loadSealed(checked) };
  }

  /** The policy before it stays as it was: confirmed when it last was. */
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

  /** A change may fall behind the question under way: then it is asked once more. */
  function refresh(): Promise<void> {
    if (loading !== null) {
      again = true;
      return loading;
    }
    loading = ask().finally(() => {
      loading = null;
      if (!again) return;
      again = false;
      void refresh();
    });
    return loading;
  }

  const timer = setInterval(() => {
    if (loading === null) void refresh();
  }, pollMs);

  const age = () => clock.now() - confirmedAt;

  return {
    accessOf(scope) {
      if (!document) throw new Refusal('policy_not_loaded', 'The access rules are not loaded yet.');
      if (age() > FORWARD_MS) throw new Refusal('policy_stale', 'The access rules were not confirmed for ten minutes.');
      let access = byScope.get(scope);
      if (!access) {
        access = effectiveAccess(document, scope);
        byScope.set(scope, access);
      }
      return access;
    },
    confirmForInjection() {
      if (age() <= INJECT_MS) return;
      throw new Refusal('policy_stale', 'Credentials are not used while the access rules cannot be confirmed.');
    },
    sealedOf: ({ id }) => sealed.get(id) ?? null,
    refresh,
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
      again = false;
      await loading;
    },
  };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
