import type { EffectiveAccess } from '../../access/decision.ts';
import type { AccessDocument } from '../../access/document.ts';
import { effectiveAccess } from '../../access/effective-access.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import { Refusal } from '../refusal.ts';

/** The policy of the moment, as far as PostgreSQL lately confirmed it. */
export interface PolicyFeed {
  /** @throws Refusal `policy_not_loaded`, `policy_stale` */
  accessOf(scope: ScopeKey): EffectiveAccess;
  /** An injection asks for a fresher confirmation than what goes out bare. @throws Refusal `policy_stale` */
  confirmForInjection(): void;
  /** Asks PostgreSQL now. */
  refresh(): Promise<void>;
  readonly version: number | null;
  readonly ageMs: number | null;
  readonly databaseAway: boolean;
  stop(): Promise<void>;
}

export interface PolicyFeedOptions {
  readonly load: () => Promise<AccessDocument>;
  readonly clock: MonotonicClock;
  /** After each new version. */
  readonly onChange: () => void;
  readonly onError: (error: unknown, what: string) => void;
  readonly pollMs?: number;
}

const POLL_MS = 500;
/** How long a policy is gone by that PostgreSQL does not confirm. */
const FORWARD_MS = 10 * 60_000;
const INJECT_MS = 30_000;

/** Follows the policy by asking twice a second; a notification makes it ask at once. */
export function startPolicyFeed({ load, clock, onChange, onError, pollMs = POLL_MS }: PolicyFeedOptions): PolicyFeed {
  let document: AccessDocument | null = null;
  let confirmedAt = 0;
  let away = false;
  let loading: Promise<void> | null = null;
  let again = false;
  const byScope = new Map<ScopeKey, EffectiveAccess>();

  async function ask(): Promise<void> {
    const askedAt = clock.now();
    try {
      const loaded = await load();
      confirmedAt = askedAt;
      away = false;
      if (document && loaded.version === document.version) return;
      document = loaded;
      byScope.clear();
      onChange();
    } catch (error) {
      if (!away) onError(error, 'the policy cannot be confirmed: the database is away');
      away = true;
    }
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
