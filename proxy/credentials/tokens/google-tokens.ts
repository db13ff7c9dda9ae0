import { decodeJwt } from 'jose';
import { z } from 'zod';
import type { CredentialUse } from '../../../access/credential-use.ts';
import { signAssertion } from './assertion.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { type MintedToken, mintedToken } from './minted-token.ts';
import { JWT_BEARER } from './oauth-tokens.ts';
import { parseJson, readJson, throwIfRefused } from './token-answer.ts';
import { TokenError } from './token-error.ts';

/**
 * Always Google's own. A key file names a `token_uri` too. It is ignored, because a changed file could send
 * signed assertions elsewhere.
 */
export const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token';
/** The longest that Google accepts. */
const ASSERTION_SECONDS = 60 * 60;

const keyFile = z.object({
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
});
const accessAnswer = z.object({ access_token: z.string(), expires_in: z.number().optional() });
const identityAnswer = z.object({ id_token: z.string() });

/**
 * A token for a Google service account
 * (https://developers.google.com/identity/protocols/oauth2/service-account#httprest). With an `audience` it is an
 * identity token, which Identity-Aware Proxy asks for. By hand, because Google answers with an identity token alone,
 * which is no token answer of RFC 6749 5.1.
 *
 * @param secret the JSON key file
 * @throws TokenError
 */
export async function mintForServiceAccount(
  fetch: GuardedFetch,
  { scopes, audience }: CredentialUse & { readonly kind: 'gcp' },
  secret: string,
): Promise<MintedToken> {
  const key = readKeyFile(secret);
  const assertion = await signAssertion(key.private_key, {
    issuer: key.client_email,
    audience: GOOGLE_TOKEN_URL,
    keyId: key.private_key_id ?? null,
    lifeSeconds: ASSERTION_SECONDS,
    more: audience === null ? { scope: scopes.join(' ') } : { target_audience: audience },
  });
  const answer = await fetch(GOOGLE_TOKEN_URL, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: JWT_BEARER, assertion }),
  });
  await throwIfRefused(answer);
  if (audience !== null) return identityToken((await readJson(answer, identityAnswer)).id_token, audience);
  const { access_token, expires_in } = await readJson(answer, accessAnswer);
  return mintedToken(access_token, expires_in);
}

/** Its life is in its own claims. The host checks its signature; here only its audience is looked at. */
function identityToken(value: string, audience: string): MintedToken {
  let claims: ReturnType<typeof decodeJwt>;
  try {
    claims = decodeJwt(value);
  } catch {
    throw new TokenError('bad_answer', 'the identity token is no JWT');
  }
  if (claims.aud !== audience) throw new TokenError('bad_answer', 'the identity token is for another audience');
  const life = claims.exp === undefined || claims.iat === undefined ? undefined : claims.exp - claims.iat;
  return mintedToken(value, life);
}

function readKeyFile(secret: string): z.infer<typeof keyFile> {
  const parsed = keyFile.safeParse(parseJson(secret));
  if (parsed.success) return parsed.data;
  throw new TokenError('bad_secret', 'it is no key file of a service account');
}
