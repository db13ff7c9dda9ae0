import type { OfferedOAuth, PersonalOffer } from '../../access/people-access.ts';
import { grantedConnection, isByOAuth } from '../../access/personal-access.ts';
import { personScope } from '../../contracts/scope.ts';
import { bindingOf } from '../../credentials/binding.ts';
import { bindingOfGrant, type GrantSecret } from '../../credentials/grant-secrets.ts';
import type { KeyPair } from '../../credentials/key-pair.ts';
import { open } from '../../credentials/open.ts';
import { seal } from '../../credentials/seal.ts';
import { type GrantedTokens, grantedTokensText } from '../../credentials/secret-forms.ts';
import type { TakenGrant } from '../../store/personal-grants.ts';
import type { ClientSecrets } from '../credentials/tokens/client-secrets.ts';
import {
  accountOf,
  askForDeviceCode,
  type DeviceCode,
  exchangeCode,
  type GrantClient,
  tryDeviceCode,
} from '../credentials/tokens/granted-tokens.ts';
import { createGuardedFetch } from '../credentials/tokens/guarded-fetch.ts';
import { tokenHostOf } from '../credentials/tokens/minter.ts';
import { TokenError } from '../credentials/tokens/token-error.ts';
import type { GuardedDialer } from '../dialer/guarded-dialer.ts';

export interface ExchangeOptions {
  readonly dialer: Pick<GuardedDialer, 'connectTls'>;
  readonly keys: KeyPair;
  readonly clientSecrets: ClientSecrets;
  /** What the policy in use offers under this name. */
  readonly offer: (name: string) => PersonalOffer | null;
}

/** What came of one step of an attempt. */
export type Exchanged =
  | { readonly found: 'tokens'; readonly account: string | null; readonly keyId: string; readonly sealed: Buffer }
  | { readonly found: 'device code'; readonly code: DeviceCode; readonly sealed: Buffer }
  | { readonly found: 'nothing yet'; readonly pollSeconds: number };

/** RFC 8628 3.5: "the interval MUST be increased by 5 seconds". */
const SLOWER_BY_SECONDS = 5;
/** While a service is away, its device code is tried less and less often (RFC 8628 3.5). */
const SLOWEST_SECONDS = 60;
const AWAY: readonly string[] = ['dns', 'connect', 'timeout', 'broke_off'];

/** Makes the next step of an attempt. @throws TokenError when nothing can come of it any more */
export function createExchange(
  options: ExchangeOptions,
): (grant: TakenGrant, signal: AbortSignal) => Promise<Exchanged> {
  const { dialer, keys, clientSecrets, offer: offerNamed } = options;

  return async (grant, signal) => {
    const offer = offerNamed(grant.connection);
    if (!offer || !isByOAuth(offer)) throw new TokenError('no_client', 'it is not offered any more');
    const owner = personScope(grant.team, grant.person);
    const attempt = { offer: grant.connection, owner, version: grant.version };
    const binding = (purpose: GrantSecret) => bindingOfGrant(purpose, attempt, offer.oauth);
    const fetch = createGuardedFetch({ dialer, host: tokenHostOf(offer.connection), signal });
    const client: GrantClient & { readonly oauth: OfferedOAuth } = {
      ...{ fetch, oauth: offer.oauth, now: Date.now },
      secret: await clientSecrets(offer.name),
    };
    const opened = async (purpose: GrantSecret, sealed: Buffer | null): Promise<string> => {
      if (!sealed) throw new TokenError('bad_secret');
      return await open(keys, binding(purpose), sealed).catch(() => {
        throw new TokenError('no_client', 'the offer has changed since it was asked for');
      });
    };

    const sealedTokens = async (tokens: GrantedTokens): Promise<Exchanged> => {
      const account = offer.oauth.account
        ? await accountOf(fetch, offer.oauth.account, tokens.accessToken).catch(() => null)
        : null;
      const connection = grantedConnection(offer, owner, grant.version);
      const sealed = await seal(keys.publicKey, bindingOf(connection), grantedTokensText(tokens));
      return { found: 'tokens', account, keyId: keys.publicKey.id, sealed };
    };

    switch (grant.state) {
      case 'exchanging': {
        const kept = JSON.parse(await opened('verifier', grant.verifier)) as { state: string; verifier: string };
        const query = await opened('answer', grant.answer);
        return await sealedTokens(await exchangeCode(client, { ...kept, query, redirectUri: grant.redirectUri ?? '' }));
      }
      case 'waiting': {
        const code = await askForDeviceCode(client);
        return {
          found: 'device code',
          code,
          sealed: await seal(keys.publicKey, binding('device-code'), code.deviceCode),
        };
      }
      case 'polling': {
        const every = grant.pollSeconds ?? SLOWER_BY_SECONDS;
        const deviceCode = await opened('device-code', grant.answer);
        const tokens = await tryDeviceCode(client, deviceCode).catch((error: unknown) => {
          if (error instanceof TokenError && error.code === 'slow_down')
            return { pollSeconds: every + SLOWER_BY_SECONDS };
          if (error instanceof TokenError && isAway(error.code)) {
            return { pollSeconds: Math.min(every * 2, SLOWEST_SECONDS) };
          }
          throw error;
        });
        if (tokens === null) return { found: 'nothing yet', pollSeconds: every };
        return 'pollSeconds' in tokens ? { found: 'nothing yet', ...tokens } : await sealedTokens(tokens);
      }
    }
  };
}

function isAway(code: string): boolean {
  return AWAY.includes(code) || code.startsWith('http_5');
}
