import type { Forge } from '../../access/document.ts';
import type { Injection } from '../credentials/injection.ts';

/** With a token as the password, any name signs in on Gitea; the others ask for these. */
const USERS: Readonly<Record<Forge['kind'], string>> = { github: 'x-access-token', gitlab: 'oauth2', gitea: 'oauth2' };

/**
 * A token in the form in which git signs in. Forges take a bearer token, or a header such as PRIVATE-TOKEN, at their API
 * only. Other credentials stay as they are.
 */
export function asGitCredential(injection: Injection | null, kind: Forge['kind']): Injection | null {
  if (injection?.way !== 'headers' || injection.headers.length !== 1) return injection;
  const { name = '', value = '' } = injection.headers[0] ?? {};
  const token =
    name === 'private-token'
      ? value
      : name === 'authorization'
        ? /^(?:Bearer|token) (.+)$/i.exec(value)?.[1]
        : undefined;
  if (token === undefined) return injection;
  const basic = Buffer.from(`${USERS[kind]}:${token}`).toString('base64');
  const headers = [{ name: 'authorization', value: `Basic ${basic}` }];
  return { ...injection, headers, hidden: [...injection.hidden, basic] };
}
