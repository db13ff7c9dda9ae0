/** What a person's own connections reach, in the places where they may be used. */
import { actingPerson, type Principal, type ScopeKey, scopeKind } from '../contracts/scope.ts';
import { inOrder } from './attached-access.ts';
import type { EffectiveRepository, EffectiveRule, EffectiveServer, ForgeConnection, Origin } from './decision.ts';
import type { Connection, ScopeAccess } from './document.ts';
import { forgesByNature } from './forge/forge-of-connection.ts';
import type { OfferedOAuth, PeopleAccess, PersonalOffer } from './people-access.ts';

/** A connection that a person has added. */
export interface HeldConnection {
  /** The name of the offer: `github`. */
  readonly connection: string;
  /** Of its sealed credential. No version is ever used twice. */
  readonly version: number;
  /** How they added it: by pasting a token, or by granting one. @default 'token' */
  readonly way?: PersonalWay | undefined;
  /** Whose it is, where an agent was allowed to use it. Absent: it belongs to the person who is acted as. */
  readonly owner?: ScopeKey;
}

export type PersonalWay = 'token' | 'oauth';

export interface PersonalAccess {
  /** In the order of comparison. */
  readonly rules: readonly EffectiveRule[];
  readonly repositories: readonly EffectiveRepository[];
  readonly forges: readonly ForgeConnection[];
  readonly servers: readonly EffectiveServer[];
}

const PREFIX = 'personal/';

/** The id of a connection of a person. No connection of the access file can have it: their names have no slash. */
export function personalId(offer: string): string {
  return `${PREFIX}${offer}`;
}

/** The name of the offer: the reverse of {@link personalId}. Null for a connection of the access file. */
export function offerOf(connection: string): string | null {
  return connection.startsWith(PREFIX) ? connection.slice(PREFIX.length) : null;
}

const CLIENT = 'oauth/';

/**
 * The id under which the secret of an offer's OAuth client is stored. It is a connection without rules, so nothing is ever
 * sent with it but to the token endpoint. No connection of the access file can have it: their names have no slash.
 */
export function clientIdOf(offer: string): string {
  return `${CLIENT}${offer}`;
}

/** The reverse of {@link clientIdOf}. Null for every other connection. */
export function offerOfClient(connection: string): string | null {
  return connection.startsWith(CLIENT) ? connection.slice(CLIENT.length) : null;
}

const NOTHING: PersonalAccess = { rules: [], repositories: [], forges: [], servers: [] };

/** The name by which people, models and guardrails know an MCP server, no matter whose it is. */
export function serverName(connection: string): string {
  return offerOf(connection) ?? connection;
}

/** The connection as the person has it: bound to them, and to the version that they entered. */
export function personalConnection({ connection }: PersonalOffer, owner: ScopeKey, version: number): Connection {
  return { ...connection, owner, credentialVersion: version };
}

/** The same for what a person has granted by OAuth. */
export function grantedConnection(
  offer: PersonalOffer & { readonly oauth: OfferedOAuth },
  owner: ScopeKey,
  version: number,
): Connection {
  const { tokenUrl, clientId, clientAuth, resource } = offer.oauth;
  const credential = {
    kind: 'oauth-grant',
    ...{ tokenUrl, clientId, clientAuth },
    ...(resource !== undefined && { resource }),
  } as const;
  return { ...personalConnection(offer, owner, version), credential };
}

/** Whether people add an offer by OAuth. */
export function isByOAuth(offer: PersonalOffer): offer is PersonalOffer & { readonly oauth: OfferedOAuth } {
  return offer.oauth !== undefined;
}

/** Null when it was added in a way that is not offered any more. */
function heldConnection(offer: PersonalOffer, owner: ScopeKey, held: HeldConnection): Connection | null {
  if (held.way !== 'oauth') return personalConnection(offer, owner, held.version);
  return isByOAuth(offer) ? grantedConnection(offer, owner, held.version) : null;
}

/** A place, and whom a session acts as there. */
export interface ActingPlace {
  readonly people: PeopleAccess | undefined;
  readonly scope: ScopeKey;
  readonly principal: Principal;
  /** What the document says of the scope itself. Undefined when it does not name it. */
  readonly said: Pick<ScopeAccess, 'label' | 'identity' | 'personal'> | undefined;
}

/**
 * Whether the credentials that are attached to a scope are out of reach: sessions there act as a person, or this one does since it began, though
 * the channel says otherwise by now.
 */
export function hasNoCredentials({ scope, principal, said }: Omit<ActingPlace, 'people'>): boolean {
  return scopeKind(scope) === 'channel' && (said?.identity === 'requester' || actingPerson(principal) !== null);
}

/**
 * The rules of what a person has connected, as far as it is still offered and may be used here:
 *
 * 1. In their own direct messages, all of it.
 * 2. In a channel with `identity: requester`, what the channel names, for a session that acts as the person.
 * 3. In another channel with `in-channels: ask`, what the agent was allowed to use. Each entry says whose it is.
 *
 * Nowhere else is there any.
 */
export function personalAccess(place: ActingPlace, held: readonly HeldConnection[]): PersonalAccess {
  const { people, scope, said } = place;
  if (!people || held.length === 0) return NOTHING;
  const scopeLabel = scopeKind(scope) === 'person' ? 'direct message' : (said?.label ?? scope);
  const own = held.flatMap((each) => {
    const owner = ownerHere(place, each.connection, each.owner);
    const offer = owner && people.offers.find(({ name }) => name === each.connection);
    const connection = offer && heldConnection(offer, owner, each);
    if (!connection) return [];
    const origin: Origin = { scope: owner, scopeLabel, bundle: 'own connections' };
    return [{ offer, connection, origin }];
  });
  return {
    rules: own
      .filter(({ connection }) => connection.mcp === undefined)
      .flatMap(({ connection, origin }) =>
        connection.rules.map(
          (match): EffectiveRule => ({ from: 'connection', action: match.action, connection, match, origin }),
        ),
      )
      .sort(inOrder),
    repositories: own.flatMap(({ offer, connection, origin }) =>
      offer.grants.map((grant) => ({ grant, connection, origin })),
    ),
    forges: own.flatMap(({ connection }) =>
      forgesByNature(connection).map((forge) => ({ connection: connection.id, forge })),
    ),
    servers: own.flatMap(({ connection, origin }) =>
      connection.mcp ? [{ connection, ...connection.mcp, origin }] : [],
    ),
  };
}

/** The person whose connection may be used here under this name. Null where it may not. */
function ownerHere(
  { people, scope, principal, said }: ActingPlace,
  name: string,
  given: ScopeKey | undefined,
): ScopeKey | null {
  switch (scopeKind(scope)) {
    case 'person':
      return principal === scope && given === undefined ? scope : null;
    case 'channel': {
      if (said?.identity === 'requester') {
        const isHere = said.personal === undefined || said.personal.includes(name);
        return isHere && given === undefined && actingPerson(principal) ? (principal as ScopeKey) : null;
      }
      const isAllowed = people?.inChannels === 'ask' && given !== undefined && actingPerson(given) !== null;
      return isAllowed && principal === `agent@${scope}` ? given : null;
    }
    default:
      return null;
  }
}
