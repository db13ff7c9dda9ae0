import type { ClientAuth } from './credential-use.ts';
import type { Connection, RepositoryGrant } from './document.ts';

/** What people may connect for themselves. */
export interface PeopleAccess {
  readonly offers: readonly PersonalOffer[];
  /** Names of the models among which a person chooses for their own direct messages. Absent: none. */
  readonly models?: readonly string[];
  /** Whether the agent of a channel may ask the person who began a turn to use a connection of theirs. Absent: never. */
  readonly inChannels?: 'never' | 'ask';
}

/** A service that a person may connect with a token of their own. */
export interface PersonalOffer {
  /** The name of its preset, by which people ask for it: `github`. */
  readonly name: string;
  /** The connection that a person gets, without a credential. Its id is `personal/github`. */
  readonly connection: Connection;
  /** For a forge: where work may be done. `*` is every repository that the person's token reaches. */
  readonly grants: readonly RepositoryGrant[];
  /** How a person grants a token by OAuth. Absent: they paste one. */
  readonly oauth?: OfferedOAuth | undefined;
}

/** The authorization server of an offer, and the client that Bellhop is there. Nothing in it is a secret. */
export interface OfferedOAuth {
  /** Its name in RFC 9207. An answer that names another one is refused. */
  readonly issuer: string;
  /** Whether each of its answers names it, so that one without a name is refused. */
  readonly namesIssuer: boolean;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  /** The endpoint for device authorization (RFC 8628). Null: it has none. */
  readonly deviceUrl: string | null;
  readonly clientId: string;
  readonly clientAuth: ClientAuth;
  readonly scopes: readonly string[];
  /** For an MCP server: its address, which each request names, so that a token is good there and nowhere else (RFC 8707). */
  readonly resource?: string;
  /** The request that says whose a token is, and the member of the answer with the name. Null: nobody can be asked. */
  readonly account: { readonly url: string; readonly field: string } | null;
}
