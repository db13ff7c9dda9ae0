import { z } from 'zod';
import type { CredentialUse } from '../../../access/credential-use.ts';
import { APP_HEADERS, appJwt, appUrl } from './github-tokens.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { readJson, throwIfRefused } from './token-answer.ts';

const app = z.object({ slug: z.string().regex(/^[\w-]{1,100}$/) });
const user = z.object({ id: z.int().positive() });

/**
 * Who a GitHub App is in a commit: the user `<app>[bot]`, with the address by which GitHub knows it again
 * (https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app, https://docs.github.com/en/rest/users/users#get-a-user,
 * and "Email addresses reference" for `<id>+<login>@users.noreply.github.com`).
 *
 * @param secret the app's private key as PEM
 * @param token one of its installation's, which the API of users takes
 * @returns `Name <address>`
 * @throws TokenError
 */
export async function authorOfApp(
  fetch: GuardedFetch,
  use: CredentialUse & { readonly kind: 'github-app' },
  secret: string,
  token: string,
): Promise<string> {
  const get = async <T>(path: string, bearer: string, shape: z.ZodType<T>): Promise<T> => {
    const answer = await fetch(appUrl(use, path), { headers: { ...APP_HEADERS, authorization: `Bearer ${bearer}` } });
    await throwIfRefused(answer);
    return await readJson(answer, shape);
  };
  const { slug } = await get('/app', await appJwt(use, secret), app);
  const login = `${slug}[bot]`;
  const { id } = await get(`/users/${encodeURIComponent(login)}`, token, user);
  return `${login} <${id}+${login}@users.noreply.${new URL(use.apiUrl).hostname.replace(/^api\./, '')}>`;
}
