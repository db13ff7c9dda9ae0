/** Tokens that a person grants: by a code that comes through a browser (RFC 6749 4.1 with PKCE) or by a device code (RFC 8628). */
import * as oauth from 'oauth4webapi';
import type { OfferedOAuth } from '../../../access/people-access.ts';
import type { GrantedTokens } from '../../../credentials/secret-forms.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { by, clientAuthentication, partiesOf, readAnswer, resourceOf, scopeOf } from './oauth-parties.ts';
import { checkType, parseJson, throwIfRefused } from './token-answer.ts';
import { oauthErrorCode, TokenError } from './token-error.ts';

/** Who asks, and whom. `secret` is that of the client; empty for a public one. */
export interface GrantClient {
  readonly fetch: GuardedFetch;
  readonly oauth: Pick<OfferedOAuth, 'tokenUrl' | 'clientId' | 'clientAuth' | 'resource'>;
  readonly secret: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

type Parties = ReturnType<typeof partiesOf>;

/** What the browser brought, and what belongs to it. */
export interface CodeAnswer {
  /** The query of the authorization response. */
  readonly query: string;
  readonly state: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

/**
 * Exchanges a code. State and issuer are checked again, so that a gateway that was taken over gains nothing by an answer of
 * another server.
 *
 * @throws TokenError
 */
export async function exchangeCode(
  { fetch, oauth: offered, secret, now }: GrantClient & { readonly oauth: OfferedOAuth },
  { query, state, verifier, redirectUri }: CodeAnswer,
): Promise<GrantedTokens> {
  const { server, client } = serverOf(offered);
  const checked = checkedAnswer(server, client, query, state);
  const answer = await oauth.authorizationCodeGrantRequest(
    ...[server, client, clientAuthentication(offered.clientAuth, secret), checked, redirectUri, verifier],
    { ...by(fetch), additionalParameters: resourceOf(offered) },
  );
  return grantedOf(answer, { server, client }, null, now);
}

/** @throws TokenError with the server's error code, or `bad_answer` */
function checkedAnswer(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  query: string,
  state: string,
): URLSearchParams {
  try {
    return oauth.validateAuthResponse(server, client, new URLSearchParams(query), state);
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) {
      throw new TokenError(oauthErrorCode(error.error) ?? 'bad_answer');
    }
    // The cause of the library's error holds the code. Its message names a parameter.
    throw new TokenError('bad_answer', (error as Error).message);
  }
}

export interface DeviceCode {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly pollSeconds: number;
  readonly lifeSeconds: number;
}

/** RFC 8628 3.2: "If no value is provided, clients MUST use 5". */
const POLL_SECONDS = 5;
const SLOWEST_POLL_SECONDS = 60;
/** It is shown to a person, so it holds nothing that Slack would read as more than letters. */
const USER_CODE = /^[A-Za-z0-9][A-Za-z0-9 -]{2,40}$/;

/** @throws TokenError */
export async function askForDeviceCode({
  fetch,
  oauth: offered,
  secret,
}: GrantClient & { readonly oauth: OfferedOAuth }): Promise<DeviceCode> {
  const { server, client } = serverOf(offered);
  if (offered.deviceUrl === null) throw new TokenError('bad_token_url');
  const answer = await oauth.deviceAuthorizationRequest(
    ...[server, client, clientAuthentication(offered.clientAuth, secret)],
    { ...scopeOf(offered.scopes), ...resourceOf(offered) },
    by(fetch),
  );
  await throwIfRefused(answer);
  checkType(answer);
  const read = await oauth.processDeviceAuthorizationResponse(server, client, answer).catch((error: Error) => {
    throw new TokenError('bad_answer', error.message);
  });
  if (!USER_CODE.test(read.user_code)) throw new TokenError('bad_answer', 'the user_code cannot be shown');
  return {
    deviceCode: read.device_code,
    userCode: read.user_code,
    verificationUri: shownUrl(read.verification_uri),
    pollSeconds: Math.min(Math.max(Math.ceil(read.interval ?? POLL_SECONDS), 1), SLOWEST_POLL_SECONDS),
    lifeSeconds: read.expires_in,
  };
}

/** A link for a person. */
function shownUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:' || url.href.length > 1_000 || /[<>|\s]/.test(url.href)) {
    throw new TokenError('bad_answer', 'the verification_uri is no https URL that can be shown');
  }
  return url.href;
}

/** `null`: the person has not decided yet. @throws TokenError with `slow_down`, `expired_token`, `access_denied` and others */
export async function tryDeviceCode(
  { fetch, oauth: offered, secret, now }: GrantClient & { readonly oauth: OfferedOAuth },
  deviceCode: string,
): Promise<GrantedTokens | null> {
  const { server, client } = serverOf(offered);
  const answer = await oauth.deviceCodeGrantRequest(
    ...[server, client, clientAuthentication(offered.clientAuth, secret), deviceCode],
    { ...by(fetch), additionalParameters: resourceOf(offered) },
  );
  return grantedOf(answer, { server, client }, null, now).catch((error: unknown) => {
    if (error instanceof TokenError && error.code === 'authorization_pending') return null;
    throw error;
  });
}

/** Renews what was granted. @param sent the refresh token that is exchanged @throws TokenError */
export async function renewGranted(
  { fetch, oauth: { tokenUrl, clientId, clientAuth, resource }, secret, now }: GrantClient,
  sent: string,
): Promise<GrantedTokens> {
  const { server, client } = partiesOf(tokenUrl, clientId);
  const answer = await oauth.refreshTokenGrantRequest(
    ...[server, client, clientAuthentication(clientAuth, secret), sent],
    { ...by(fetch), additionalParameters: resourceOf({ resource }) },
  );
  return grantedOf(answer, { server, client }, sent, now);
}

function serverOf(offered: OfferedOAuth): Parties {
  return {
    server: {
      issuer: offered.issuer,
      token_endpoint: offered.tokenUrl,
      authorization_response_iss_parameter_supported: offered.namesIssuer,
      ...(offered.deviceUrl === null ? {} : { device_authorization_endpoint: offered.deviceUrl }),
    },
    client: { client_id: offered.clientId },
  };
}

/** @param before the refresh token that stays good when the answer has no new one */
async function grantedOf(
  answer: Response,
  { server, client }: Parties,
  before: string | null,
  now: () => number,
): Promise<GrantedTokens> {
  const { token, refreshToken, statedLife } = await readAnswer(answer, server, client);
  return {
    accessToken: token.value,
    refreshToken: refreshToken ?? before,
    expiresAt: statedLife ? now() + token.lifeMs : null,
  };
}

const MAX_ACCOUNT = 80;

/**
 * Whose a token is, as the service says. Its words are cut down to what no client of Slack reads as markup.
 * @throws TokenError
 */
export async function accountOf(
  fetch: GuardedFetch,
  { url, field }: NonNullable<OfferedOAuth['account']>,
  accessToken: string,
): Promise<string | null> {
  const answer = await fetch(url, { headers: { accept: 'application/json', authorization: `Bearer ${accessToken}` } });
  await throwIfRefused(answer);
  const found = (parseJson(await answer.text()) as Record<string, unknown> | null)?.[field];
  if (typeof found !== 'string') return null;
  return (
    found
      .replace(/[^\p{L}\p{N}._@+ -]/gu, '')
      .trim()
      .slice(0, MAX_ACCOUNT) || null
  );
}
