import { z } from 'zod';
import type { CredentialUse } from '../../../access/credential-use.ts';
import { signAssertion } from './assertion.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { type InstallationGrant, permissionsFor, repositoriesOf } from './installation-grant.ts';
import { type MintedToken, mintedToken } from './minted-token.ts';
import { readJson, throwIfRefused } from './token-answer.ts';
import { TokenError } from './token-error.ts';

/** GitHub accepts ten minutes, counted by its own clock. */
const JWT_SECONDS = 9 * 60;
/** For a clock of this machine that is ahead. */
const JWT_AGE_SECONDS = 60;
/** What GitHub wants of every request to its API. */
export const APP_HEADERS = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' };

const installation = z.object({
  account: z.object({ login: z.string() }),
  permissions: z.record(z.string(), z.string()),
  suspended_at: z.string().nullish(),
});
const issued = z.object({ token: z.string(), expires_at: z.string() });

/** Git over HTTPS and Git LFS (https://git-scm.com/docs/http-protocol, and the LFS API's `info/lfs`). */
const GIT_PATH = /\/(?:info\/refs|git-upload-pack|git-receive-pack|info\/lfs\/.*)$/;

/** The Authorization header for a path: git signs in as `x-access-token`, the API takes a bearer token. */
export function installationAuthorization(token: string, path: string): string {
  if (!GIT_PATH.test(path)) return `Bearer ${token}`;
  return `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
}

type AppUse = CredentialUse & { readonly kind: 'github-app' };

/** @throws TokenError `bad_secret` */
export function appJwt({ appId }: AppUse, secret: string): Promise<string> {
  return signAssertion(secret, { issuer: appId, ageSeconds: JWT_AGE_SECONDS, lifeSeconds: JWT_SECONDS });
}

/** @param path within the API, which begins at a path of its own on GitHub Enterprise */
export function appUrl({ apiUrl }: AppUse, path: string): string {
  return apiUrl.replace(/\/$/, '') + path;
}

/**
 * A token of a GitHub App's installation, for what the bundles grant and nothing else
 * (https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app). GitHub refuses a token with
 * a permission that the installation lacks, so the installation is looked at first.
 *
 * @param secret the app's private key as PEM
 * @throws TokenError
 */
export async function mintForInstallation(
  fetch: GuardedFetch,
  use: AppUse,
  secret: string,
  grant: InstallationGrant,
): Promise<MintedToken> {
  const url = appUrl(use, `/app/installations/${encodeURIComponent(use.installationId)}`);
  const headers = { ...APP_HEADERS, authorization: `Bearer ${await appJwt(use, secret)}` };

  const found = await fetch(url, { headers });
  await throwIfRefused(found);
  const { account, permissions, suspended_at } = await readJson(found, installation);
  if (suspended_at) throw new TokenError('installation_suspended');
  const repositories = repositoriesOf(grant, account.login);
  // An empty list would be no limit.
  if (repositories?.length === 0) throw new TokenError('no_repository_granted');

  const body = { permissions: permissionsFor(grant, permissions), ...(repositories ? { repositories } : {}) };
  const answer = await fetch(`${url}/access_tokens`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await throwIfRefused(answer, 201);
  const { token, expires_at } = await readJson(answer, issued);
  return mintedToken(token, (Date.parse(expires_at) - Date.now()) / 1_000);
}
