/** `oauth` of an offer to people: the client that an administrator has registered at the service. */
import { z } from 'zod';
import type { FileConnection } from '../access-file.ts';
import type { OfferedOAuth } from '../people-access.ts';
import { clientIdOf } from '../personal-access.ts';
import type { PresetOAuth } from '../presets/preset.ts';
import { id, SECRET_HINT, scopes, secretUrl, source, toSource } from './credential-schema.ts';
import { entry } from './strict-entry.ts';

export const offeredOAuth = entry(
  {
    'client-id': id,
    'client-auth': z.enum(['basic', 'post', 'none']).optional(),
    scopes: scopes.optional(),
    issuer: secretUrl.optional(),
    'names-issuer': z.boolean().optional(),
    'authorize-url': secretUrl.optional(),
    'token-url': secretUrl.optional(),
    /** `off`: nobody is offered a device code, whatever the preset says. */
    'device-url': z.union([z.literal('off'), secretUrl]).optional(),
    ...source,
  },
  SECRET_HINT,
)
  .refine(
    ({ fromEnv, fromFile, fromCommand }) =>
      [fromEnv, fromFile, fromCommand].filter((each) => each !== undefined).length <= 1,
    'has two sources: keep one of fromEnv, fromFile and fromCommand',
  )
  .refine(
    (each) => each['client-auth'] !== 'none' || (each.fromEnv ?? each.fromFile ?? each.fromCommand) === undefined,
    'has a secret beside client-auth: none, which is a client without one',
  );

export type OfferedOAuthEntry = z.infer<typeof offeredOAuth>;

/** What the file says of the authorization server goes before what the preset says. */
export function toOfferedOAuth(entry: OfferedOAuthEntry, preset: PresetOAuth): OfferedOAuth {
  return {
    issuer: entry.issuer ?? preset.issuer,
    namesIssuer: entry['names-issuer'] ?? preset.namesIssuer,
    authorizeUrl: entry['authorize-url'] ?? preset.authorizeUrl,
    tokenUrl: entry['token-url'] ?? preset.tokenUrl,
    deviceUrl: entry['device-url'] === 'off' ? null : (entry['device-url'] ?? preset.deviceUrl ?? null),
    clientId: entry['client-id'],
    clientAuth: entry['client-auth'] ?? preset.clientAuth,
    scopes: entry.scopes ?? preset.scopes,
    account: preset.account ?? null,
  };
}

/** What has to stand in the file where no preset says it. */
const NEEDED = ['issuer', 'authorize-url', 'token-url'] as const;

/**
 * The authorization server of an MCP server. All of it stands in the file, where an administrator has approved it: what the server says
 * of itself is never followed when a person grants a token.
 *
 * @param url the address of the MCP server, for which alone tokens are asked for
 */
export function serverOAuth(
  entry: OfferedOAuthEntry,
  { name, url }: { readonly name: string; readonly url: string },
): OfferedOAuth | { readonly missing: string } {
  const { issuer, 'authorize-url': authorizeUrl, 'token-url': tokenUrl, 'device-url': deviceUrl } = entry;
  if (issuer === undefined || authorizeUrl === undefined || tokenUrl === undefined) {
    const missing = NEEDED.filter((key) => entry[key] === undefined).join(', ');
    return { missing: `lacks ${missing}: \`./bellhop connections discover ${name}\` asks the server and prints them` };
  }
  const hasSecret = (entry.fromEnv ?? entry.fromFile ?? entry.fromCommand) !== undefined;
  return {
    ...{ issuer, authorizeUrl, tokenUrl, resource: url, account: null },
    namesIssuer: entry['names-issuer'] ?? false,
    deviceUrl: deviceUrl === undefined || deviceUrl === 'off' ? null : deviceUrl,
    clientId: entry['client-id'],
    clientAuth: entry['client-auth'] ?? (hasSecret ? 'basic' : 'none'),
    scopes: entry.scopes ?? [],
  };
}

/** Where the client's secret is kept. Null for a public client. */
export function clientConnection(
  name: string,
  { tokenUrl, clientId, clientAuth }: OfferedOAuth,
  entry: OfferedOAuthEntry,
  line: number,
): FileConnection | null {
  if (clientAuth === 'none') return null;
  return {
    ...{ id: clientIdOf(name), preset: null, rules: [], test: null, priority: 0, caFile: null, line },
    credential: { kind: 'oauth-client', tokenUrl, clientId, scopes: [], audience: null, clientAuth },
    source: toSource(entry),
  };
}
