import { stringify } from 'yaml';
import type { DiscoveredAuthorization } from '../../proxy/control-client.ts';

const TO_REGISTER = '<the client that you register there>';

/** What an administrator reads, and puts into the access file if they agree. */
export function discoveryText(server: string, found: DiscoveredAuthorization, redirectUri: string): string {
  const { issuer, authorizeUrl, tokenUrl, deviceUrl, namesIssuer, scopes, clientId, registersClients } = found;
  const oauth = {
    'client-id': clientId ?? TO_REGISTER,
    issuer,
    ...(namesIssuer && { 'names-issuer': true }),
    'authorize-url': authorizeUrl,
    'token-url': tokenUrl,
    ...(deviceUrl !== null && { 'device-url': deviceUrl }),
    ...(scopes.length > 0 && { scopes: [...scopes] }),
  };
  const client =
    clientId !== null
      ? 'A public client was registered for that address.'
      : registersClients
        ? `It registers clients by itself: \`./bellhop connections discover ${server} --register\`.`
        : `Register a client there, with the address ${redirectUri} that browsers are led back to.`;
  return [
    `${server} says that people grant tokens for it at ${issuer}.`,
    client,
    'Are these addresses of the service that you mean? Then put this into its offer. Leave out scopes that nobody needs.',
    '',
    ...stringify({ oauth }, { lineWidth: 0 })
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
  ].join('\n');
}
