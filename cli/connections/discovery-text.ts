import { stringify } from 'yaml';
import type { DiscoveredAuthorization } from '../../proxy/control-client.ts';
import { shownName } from '../shown-name.ts';

const TO_REGISTER = '<the client that you register there>';

/** What an administrator reads, and puts into the access file if they agree. */
export function discoveryText(server: string, found: DiscoveredAuthorization, redirectUri: string): string {
  const { namesIssuer, registersClients } = found;
  const issuer = shownName(found.issuer);
  const clientId = found.clientId === null ? null : shownName(found.clientId);
  const oauth = {
    'client-id': clientId ?? TO_REGISTER,
    issuer,
    ...(namesIssuer && { 'names-issuer': true }),
    'authorize-url': shownName(found.authorizeUrl),
    'token-url': shownName(found.tokenUrl),
    ...(found.deviceUrl !== null && { 'device-url': shownName(found.deviceUrl) }),
    ...(found.scopes.length > 0 && { scopes: found.scopes.map(shownName) }),
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
