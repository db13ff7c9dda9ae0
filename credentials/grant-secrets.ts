/** What is secret while a person grants a token by OAuth. Each is sealed for its own attempt and its own purpose. */
import type { OfferedOAuth } from '../access/people-access.ts';
import { clientIdOf } from '../access/personal-access.ts';
import type { ScopeKey } from '../contracts/scope.ts';
import type { CredentialBinding } from './binding.ts';

/**
 * - `verifier`: the PKCE code verifier (RFC 7636), with the state
 * - `answer`: the query of the authorization response, in which the code is
 * - `device-code`: RFC 8628 3.2
 */
export type GrantSecret = 'verifier' | 'answer' | 'device-code';

/** The attempt of one person to grant one offer. Its version is never used twice. */
export interface GrantAttempt {
  readonly offer: string;
  readonly owner: ScopeKey;
  readonly version: number;
}

/**
 * Bound to the token endpoint and the client too, so that a code is exchanged only where it was asked for: after a change of
 * the access file the attempt does not open, and the person begins anew.
 */
export function bindingOfGrant(
  purpose: GrantSecret,
  { offer, owner, version }: GrantAttempt,
  { tokenUrl, clientId }: Pick<OfferedOAuth, 'tokenUrl' | 'clientId'>,
): CredentialBinding {
  return {
    connection: clientIdOf(offer),
    version,
    hosts: [tokenUrl, clientId],
    ports: [],
    // No connection uses a secret in this way under such a name.
    use: { kind: 'query', name: `${purpose} of a grant` },
    ca: null,
    owner,
  };
}
