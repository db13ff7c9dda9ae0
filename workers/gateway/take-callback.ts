import * as oauth from 'oauth4webapi';
import type { PersonalOffer } from '../../access/people-access.ts';
import { isByOAuth } from '../../access/personal-access.ts';
import { createFairSlots } from '../../contracts/fair-slots.ts';
import { newProof, proofDigest } from '../../slack/personal/grant-proof.ts';
import type { Database } from '../../store/database.ts';
import { failGrant, keepAnswer, waitingGrant } from '../../store/personal-grants.ts';
import { digestOf, sealFor } from './begin-grant.ts';
import { type CallbackAddress, redirectUriOf } from './callback-address.ts';

/** What a browser is shown. `proof` are the letters that are entered in Slack. */
export type CallbackPage =
  | { readonly kind: 'proof'; readonly proof: string; readonly offer: string }
  | { readonly kind: 'not-allowed' | 'refused' | 'unknown' };

export interface TakeCallbackOptions {
  readonly database: Database;
  readonly callback: CallbackAddress;
  readonly offers: () => Promise<readonly PersonalOffer[]>;
}

/** What `begin-grant.ts` makes of 32 bytes. Nothing else is looked up: anybody may ask here. */
const STATE = /^[A-Za-z0-9_-]{43}$/;
/** Deliveries and acknowledgements need the same connections to the database. */
const MOST_AT_ONCE = 4;

/** All registered codes are words with underscores (RFC 6749 4.1.2.1). */
const ERROR_CODE = /^[a-z]+(?:_[a-z]+){0,5}$/;

/**
 * Takes the answer that a browser brings (RFC 6749 4.1.2). It is checked before anything is kept: its state belongs to an attempt
 * of the last ten minutes that has no answer yet, it came to the address of that attempt's offer, and it is one of that
 * offer's issuer (RFC 9207). Any answer to a state uses the state up.
 *
 * The code is in this function's memory, and sealed in the row. A proxy exchanges it.
 *
 * Few answers are looked up at once. The others wait; the listener lets in a bounded number of them.
 */
export function createTakeCallback({ database, callback, offers }: TakeCallbackOptions) {
  const slots = createFairSlots(MOST_AT_ONCE);

  return async (offerName: string, query: string): Promise<CallbackPage> => {
    const states = new URLSearchParams(query).getAll('state');
    const [state = ''] = states;
    if (states.length !== 1 || !STATE.test(state)) return { kind: 'unknown' };
    return slots.run('', () => taken(offerName, query, state));
  };

  async function taken(offerName: string, query: string, state: string): Promise<CallbackPage> {
    const grant = await waitingGrant(database, digestOf(state));
    const offer = (await offers()).find(({ name }) => name === grant?.connection);
    if (!grant || !offer || !isByOAuth(offer)) return { kind: 'unknown' };
    if (offerName !== offer.name || grant.redirectUri !== redirectUriOf(callback, offer.name)) {
      await failGrant(database, grant, 'wrong_issuer');
      return { kind: 'refused' };
    }
    const server = {
      issuer: offer.oauth.issuer,
      authorization_response_iss_parameter_supported: offer.oauth.namesIssuer,
    };
    try {
      oauth.validateAuthResponse(server, { client_id: offer.oauth.clientId }, new URLSearchParams(query), state);
    } catch (error) {
      // The library's error holds the query, so nothing of it is kept but a code of the known form.
      const said = error instanceof oauth.AuthorizationResponseError ? error.error : 'wrong_issuer';
      await failGrant(database, grant, ERROR_CODE.test(said) ? said : 'bad_answer');
      return { kind: said === 'access_denied' ? 'not-allowed' : 'refused' };
    }
    const proof = newProof();
    const answer = await sealFor(database, { owner: grant, offer, version: grant.version }, query, 'answer');
    const isKept = await keepAnswer(database, grant, { answer, proof: proofDigest(grant, proof) });
    return isKept ? { kind: 'proof', proof, offer: offer.name } : { kind: 'unknown' };
  }
}

export type TakeCallback = ReturnType<typeof createTakeCallback>;
