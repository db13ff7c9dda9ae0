import { createHash, randomBytes } from 'node:crypto';
import type { OfferedOAuth, PersonalOffer } from '../../access/people-access.ts';
import { isByOAuth } from '../../access/personal-access.ts';
import { personScope } from '../../contracts/scope.ts';
import { bindingOfGrant } from '../../credentials/grant-secrets.ts';
import { publicKeyOf } from '../../credentials/key-pair.ts';
import { seal } from '../../credentials/seal.ts';
import type { GrantDoor } from '../../slack/personal/grant-ways.ts';
import { installationKey } from '../../store/credentials.ts';
import { type Database, inTransaction } from '../../store/database.ts';
import { nextPersonalVersion, type Owner } from '../../store/personal-connections.ts';
import { beginGrant } from '../../store/personal-grants.ts';
import { type CallbackAddress, redirectUriOf } from './callback-address.ts';

/** 256 bits, as RFC 7636 7.1 recommends. */
const SECRET_BYTES = 32;

/**
 * Begins attempts to grant a token. State and verifier are in this function's memory, and sealed in the row. The challenge
 * and the state are in the link too, which only the person sees.
 */
export function createGrantDoor(database: Database, callback: CallbackAddress | null): GrantDoor {
  return {
    reach: callback?.reach ?? 'none',
    async browser(owner, offer, place) {
      if (!callback || !isByOAuth(offer)) throw new Error('no listener waits for answers of browsers');
      const [state, verifier] = [secret(), secret()];
      const redirectUri = redirectUriOf(callback, offer.name);
      const version = await nextPersonalVersion(database);
      const sealed = await sealFor(database, { owner, offer, version }, JSON.stringify({ state, verifier }));
      await inTransaction(database, (tx) =>
        beginGrant(tx, {
          ...{ ...owner, connection: offer.name, version, way: 'browser', viewId: null },
          ...{ channel: place?.channel ?? null, threadTs: place?.threadTs ?? null },
          browser: { stateDigest: digestOf(state), redirectUri, verifier: sealed },
        }),
      );
      return linkOf(offer.oauth, { state, verifier, redirectUri });
    },
    async device(owner, offer, place, viewId) {
      const version = await nextPersonalVersion(database);
      await inTransaction(database, (tx) =>
        beginGrant(tx, {
          ...{ ...owner, connection: offer.name, version, way: 'device', viewId, browser: null },
          ...{ channel: place?.channel ?? null, threadTs: place?.threadTs ?? null },
        }),
      );
    },
  };
}

function secret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** By which an attempt is found. The state itself is stored sealed only. */
export function digestOf(state: string): string {
  return createHash('sha256').update(state).digest('hex');
}

interface Attempt {
  readonly owner: Owner;
  readonly offer: PersonalOffer & { readonly oauth: OfferedOAuth };
  readonly version: number;
}

/** Seals state and verifier, or the answer that came for them. */
export async function sealFor(
  database: Database,
  { owner, offer, version }: Attempt,
  text: string,
  purpose: 'verifier' | 'answer' = 'verifier',
): Promise<Buffer> {
  const key = await installationKey(database);
  if (!key) throw new Error('the installation has no key to seal with');
  const attempt = { offer: offer.name, owner: personScope(owner.team, owner.person), version };
  const binding = bindingOfGrant(purpose, attempt, offer.oauth);
  return await seal(publicKeyOf(Buffer.from(key.publicKey, 'base64')), binding, text);
}

/** RFC 6749 4.1.1 with RFC 7636 4.3. */
function linkOf(
  { authorizeUrl, clientId, scopes, resource }: OfferedOAuth,
  { state, verifier, redirectUri }: { readonly state: string; readonly verifier: string; readonly redirectUri: string },
): string {
  const url = new URL(authorizeUrl);
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(resource !== undefined && { resource }),
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
