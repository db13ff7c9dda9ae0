import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Connection } from '../../../access/document.ts';
import { offerOf } from '../../../access/personal-access.ts';
import { ownerOf } from '../../../contracts/scope.ts';
import { bindingOf, bindingText, type CredentialBinding } from '../../../credentials/binding.ts';
import type { KeyPair } from '../../../credentials/key-pair.ts';
import { open } from '../../../credentials/open.ts';
import { seal } from '../../../credentials/seal.ts';
import { type GrantedTokens, grantedTokensOf, grantedTokensText } from '../../../credentials/secret-forms.ts';
import type { PersonalVersion, StoredTokens } from '../../../store/personal-tokens.ts';
import type { MonotonicClock } from '../../lease/lease-table.ts';
import { type MintedToken, mintedToken } from './minted-token.ts';
import { asTokenError, TokenError } from './token-error.ts';

/** The calls to PostgreSQL (store/personal-tokens.ts). */
export interface PersonalTokenStore {
  read(of: PersonalVersion): Promise<StoredTokens | null>;
  claim(of: PersonalVersion, holder: string, holdMs: number): Promise<StoredTokens | null>;
  replace(of: PersonalVersion, generation: number, renewed: Buffer): Promise<boolean>;
  release(of: PersonalVersion, holder: string): Promise<void>;
  refuse(of: PersonalVersion, generation: number): Promise<void>;
}

/** Sends a refresh token. `beforeSending` throws when it must not leave any more. */
export type Renew = (refreshToken: string, beforeSending: () => void) => Promise<GrantedTokens>;

export interface PersonalTokenRequest {
  readonly connection: Connection;
  /** What the person granted: the opened secret of the connection. */
  readonly granted: string;
  readonly renew: Renew;
  readonly signal: AbortSignal;
}

export interface PersonalTokens {
  /** @throws TokenError */
  mint(request: PersonalTokenRequest): Promise<MintedToken>;
  /** A service has answered 401 to this access token: it is renewed before the next request. */
  refused(connection: Connection, accessToken: string): void;
}

export interface PersonalTokensOptions {
  readonly store: PersonalTokenStore;
  readonly keys: KeyPair;
  readonly clock: MonotonicClock;
  /** Milliseconds since 1970: the end of a token is stored, and read by other proxies. */
  readonly wallClock: () => number;
  readonly holdMs?: number;
}

const HOLD_MS = 30_000;
/** A refresh token leaves only in this part of the hold. An exchange takes 10 s at most (guarded-fetch.ts). */
const SEND_WITHIN = 0.5;
const ASK_AGAIN_MS = 250;
const MAX_KEPT = 1_000;
/** A token is not handed out any more this long before its end. */
const MARGIN_MS = 10_000;
/** A token whose end is not known is looked at again after this time. */
const LOOK_AGAIN_SECONDS = 15 * 60;

/**
 * The access token of what a person has granted. It is stored sealed with the refresh token, so every proxy uses the same
 * one until it ends. Renewing it works as with the connections of the access file (refresh-rotation.ts), but the row of
 * the connection itself is the chain. Therefore its tokens are gone with it. The steps:
 *
 * 1. The proxy reads the newest tokens. A good access token is used, and nothing is claimed.
 * 2. Otherwise it claims the row for 30 s and reads them once more: another proxy may have renewed them.
 * 3. It sends the refresh token, but only in the first half of its hold.
 * 4. What came is sealed and stored as the next generation, on condition that the one that was sent is the newest.
 * 5. Only then is the new access token used. Therefore no token is in use whose successor could be lost.
 *
 * The first one wakes late:
 * 1. A has claimed generation 5 and is stopped. Its hold ends. B claims, sends 5 and stores 6.
 * 2. A wakes up before it has sent. `beforeSending` finds that half of the hold is over, so it sends nothing.
 * 3. Or it wakes up after that. Storing fails, because 5 is not the newest. Therefore it throws its answer away.
 *
 * The person removes the connection meanwhile:
 * 1. A has sent its refresh token. The person removes the connection, and the row goes.
 * 2. Storing finds no row. Therefore A throws its answer away, and the request fails.
 *
 * PostgreSQL is away between answer and store: the sealed answer stays in memory, and the next attempt of this proxy stores
 * it first, on the same condition. The service refuses the refresh token: that is noted with the generation, nobody sends
 * it again, and a gateway tells the person once.
 */
export function createPersonalTokens(options: PersonalTokensOptions): PersonalTokens {
  const { store, keys, clock, wallClock, holdMs = HOLD_MS } = options;
  /** Answers that could not be stored yet, by binding. */
  const unstored = new LRUCache<string, () => Promise<boolean>>({ max: MAX_KEPT });
  /** The access token that was refused last, by binding. */
  const refused = new LRUCache<string, string>({ max: MAX_KEPT });

  async function tokensOf(of: CredentialBinding, found: StoredTokens, granted: string): Promise<GrantedTokens> {
    const { generation, renewed } = found;
    const text = renewed ? await stored(() => open(keys, bindingOfGeneration(of, generation), renewed)) : granted;
    const form = grantedTokensOf(text);
    if ('problem' in form) throw new TokenError('bad_secret', form.problem);
    return form.value;
  }

  /** Null when the access token has to be renewed. */
  function goodToken(key: string, { accessToken, refreshToken, expiresAt }: GrantedTokens): MintedToken | null {
    // A single 401 ends nothing that cannot be renewed: the sandbox may have asked for it.
    if (refreshToken !== null && refused.get(key) === accessToken) return null;
    if (expiresAt === null) return mintedToken(accessToken, LOOK_AGAIN_SECONDS);
    const left = expiresAt - wallClock() - MARGIN_MS;
    return left > 0 ? mintedToken(accessToken, left / 1_000) : null;
  }

  async function keep(of: PersonalVersion, binding: CredentialBinding, generation: number, tokens: GrantedTokens) {
    const key = bindingText(binding);
    const next = bindingOfGeneration(binding, generation + 1);
    const sealed = await stored(() => seal(keys.publicKey, next, grantedTokensText(tokens)));
    const replace = () => store.replace(of, generation, sealed);
    unstored.set(key, replace);
    const isNewest = await stored(replace);
    unstored.delete(key);
    if (!isNewest) throw new TokenError('rotation_lost');
  }

  async function renewal(
    { connection, granted, renew }: PersonalTokenRequest,
    of: PersonalVersion,
    found: StoredTokens,
    until: number,
  ): Promise<MintedToken> {
    const binding = bindingOf(connection);
    const key = bindingText(binding);
    if (found.isRefused) throw new TokenError('grant_ended');
    const tokens = await tokensOf(binding, found, granted);
    const good = goodToken(key, tokens);
    if (good) return good;
    if (tokens.refreshToken === null) return await refuse(of, found.generation);
    const next = await renew(tokens.refreshToken, () => {
      if (clock.now() >= until) throw new TokenError('rotation_lost');
    }).catch((error: unknown) => {
      if (error instanceof TokenError && error.code === 'invalid_grant') return refuse(of, found.generation);
      throw error;
    });
    await keep(of, binding, found.generation, next);
    refused.delete(key);
    return mintedToken(next.accessToken, next.expiresAt === null ? undefined : (next.expiresAt - wallClock()) / 1_000);
  }

  async function refuse(of: PersonalVersion, generation: number): Promise<never> {
    await stored(() => store.refuse(of, generation));
    throw new TokenError('grant_ended');
  }

  return {
    async mint(request) {
      const { connection, granted, signal } = request;
      const of = versionOf(connection);
      const binding = bindingOf(connection);
      const key = bindingText(binding);
      const late = unstored.get(key);
      if (late) {
        await stored(late);
        unstored.delete(key);
      }
      for (;;) {
        const found = await stored(() => store.read(of));
        if (!found) throw new TokenError('rotation_lost');
        if (found.isRefused) throw new TokenError('grant_ended');
        const good = goodToken(key, await tokensOf(binding, found, granted));
        if (good) return good;
        const holder = randomUUID();
        const until = clock.now() + holdMs * SEND_WITHIN;
        const claimed = await stored(() => store.claim(of, holder, holdMs));
        if (claimed) {
          try {
            return await renewal(request, of, claimed, until);
          } catch (error) {
            throw asTokenError(error);
          } finally {
            await store.release(of, holder).catch(() => {});
          }
        }
        await sleep(ASK_AGAIN_MS, undefined, { signal }).catch(() => {
          throw new TokenError('rotation_busy');
        });
      }
    },
    refused: (connection, accessToken) => void refused.set(bindingText(bindingOf(connection)), accessToken),
  };
}

function versionOf({ id, owner, credentialVersion: version }: Connection): PersonalVersion {
  const person = owner === undefined ? null : ownerOf(owner);
  const offer = offerOf(id);
  if (!person || offer === null) throw new TokenError('bad_secret', 'it belongs to no person');
  return { ...person, connection: offer, version };
}

/** The generation is added to the ports, negative because it is no port. So no sealed text opens as another generation's. */
function bindingOfGeneration(binding: CredentialBinding, generation: number): CredentialBinding {
  return { ...binding, ports: [...binding.ports, -generation] };
}

/** @throws TokenError `rotation_not_stored` */
async function stored<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new TokenError('rotation_not_stored', error instanceof Error ? error.name : null);
  }
}
