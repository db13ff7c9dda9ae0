import { setTimeout as sleep } from 'node:timers/promises';
import { type Looks, startLooks } from '../../store/looks.ts';
import type { DeviceCode, TakenGrant } from '../../store/personal-grants.ts';
import type { PersonalVersion } from '../../store/personal-tokens.ts';
import { asTokenError } from '../credentials/tokens/token-error.ts';
import { createExchange, type ExchangeOptions } from './exchange-grant.ts';

/** The calls to PostgreSQL (store/personal-grants.ts). */
export interface GrantStore {
  take(): Promise<TakenGrant | null>;
  keepDeviceCode(of: PersonalVersion, code: DeviceCode): Promise<void>;
  pollAgain(of: PersonalVersion, seconds: number): Promise<void>;
  granted(
    of: PersonalVersion,
    found: { readonly account: string | null; readonly keyId: string; readonly sealed: Buffer },
  ): Promise<boolean>;
  failed(of: PersonalVersion, failure: string): Promise<void>;
}

export interface GrantsOptions extends ExchangeOptions {
  readonly store: GrantStore;
  readonly onError: (error: unknown, what: string) => void;
  /** How often to look without being poked. @default 1000 */
  readonly everyMs?: number;
  /** How many are worked on at once. @default 8 */
  readonly atOnce?: number;
}

/** Two exchanges of 10 s at most (guarded-fetch.ts): the code, and whose the token is. */
const STEP_MS = 25_000;
const STORE_AGAIN_MS = 500;
const STORE_TRIES = 10;

/**
 * Takes the attempts of people to grant a token, and makes the next step of each. Several proxies share them.
 *
 * A code is sent once, whatever happens:
 * 1. Taking an attempt whose code has come marks it in the same statement, so no other proxy takes it.
 * 2. A proxy that dies with it leaves it marked. After 90 s a gateway tells its person to begin anew.
 * 3. A proxy that wakes up late and sends it after all has its answer refused: the row is failed, or another attempt's.
 *
 * A device code may be tried twice: that has no effect at the service but the answer. Of two answers with tokens the first
 * that is stored counts, and the other proxy's is thrown away.
 */
export function startGrants(options: GrantsOptions): Looks {
  const { store, onError, everyMs = 1_000, atOnce = 8 } = options;
  const exchange = createExchange(options);
  const underWay = new Set<Promise<void>>();

  async function step(grant: TakenGrant): Promise<void> {
    const came = await exchange(grant, AbortSignal.timeout(STEP_MS)).catch((error: unknown) => asTokenError(error));
    await patiently(async () => {
      if (came instanceof Error) await store.failed(grant, came.code);
      else if (came.found === 'tokens') await store.granted(grant, came);
      else if (came.found === 'nothing yet') await store.pollAgain(grant, came.pollSeconds);
      else await store.keepDeviceCode(grant, { ...came.code, answer: came.sealed });
    });
  }

  async function look(isStopped: () => boolean): Promise<void> {
    while (!isStopped() && underWay.size < atOnce) {
      const grant = await store.take();
      if (!grant) return;
      const done: Promise<void> = step(grant)
        .catch((error: unknown) => onError(error, 'what a person has granted could not be stored'))
        .finally(() => {
          underWay.delete(done);
          looks.poke();
        });
      underWay.add(done);
    }
  }

  const looks = startLooks({
    look,
    onError: (error) => onError(error, 'it could not be read what people grant'),
    everyMs,
  });
  return {
    poke: looks.poke,
    async stop() {
      await looks.stop();
      await Promise.all(underWay);
    },
  };
}

/** What was granted is worth some waiting for the database: its code cannot be sent again. */
async function patiently(store: () => Promise<void>): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await store();
    } catch (error) {
      if (tried === STORE_TRIES) throw error;
      await sleep(STORE_AGAIN_MS);
    }
  }
}
