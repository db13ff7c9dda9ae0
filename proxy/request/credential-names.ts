/** Names under which clients present credentials of their own, besides those of the connections themselves. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'api-key',
  'apikey',
  'authorization',
  'cookie',
  'job-token',
  'private-token',
  'x-access-token',
  'x-amz-security-token',
  'x-api-key',
  'x-api-token',
  'x-auth-token',
  'x-goog-api-key',
]);

const CREDENTIAL_PARAMETERS: ReadonlySet<string> = new Set([
  'access_token',
  'api-key',
  'api_key',
  'apikey',
  'auth_token',
  'authorization',
  'client_secret',
  'id_token',
  'job_token',
  'oauth_token',
  'private_token',
  'refresh_token',
  'x-amz-security-token',
  'x-amz-signature',
]);

export function isCredentialHeader(key: string): boolean {
  return CREDENTIALS.has(key);
}

export function isCredentialParameter(name: string): boolean {
  return CREDENTIAL_PARAMETERS.has(name.toLowerCase());
}
