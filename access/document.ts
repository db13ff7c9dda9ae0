/**
 * The access document: an administrator's rules, checked, with channels as ids. Each `apply` stores a new version as a
 * whole and never changes it. A document holds no secret: a connection names its credential by id and version only.
 */
import type { Environment } from '../contracts/environments.ts';
import type { RegistryMirrors, RegistryName } from '../contracts/registries.ts';
import type { ScopeKey } from '../contracts/scope.ts';

export type OwnCredentials = 'strip' | 'pass' | 'block';
export type Transport = 'intercept' | 'tunnel';

/** What a rule matches. `host` is an exact name or `*.suffix` (any depth, never the apex). */
export interface RuleMatch {
  readonly host: string;
  readonly port: number;
  readonly scheme: 'https' | 'http';
  /** In upper case. An empty list means every method. */
  readonly methods: readonly string[];
  /** Path prefixes by whole segments: `/v1` covers `/v1` and `/v1/x`, not `/v10`. An empty list means every path. */
  readonly paths: readonly string[];
  /**
   * Loopback, private and other special ranges to which this rule's host may lead, each with a port.
   * Each one also needs a ceiling in the operator's file on the proxy's machine.
   */
  readonly addresses: readonly AddressException[];
  /** Where the rule stands in the file that was applied, counted from 1. 0 when that is not known. */
  readonly line: number;
}

export interface AddressException {
  /** CIDR, such as `10.1.2.0/24`. */
  readonly range: string;
  /** The port that is dialled. */
  readonly port: number;
}

export interface DomainEntry extends RuleMatch {
  readonly id: string;
  readonly transport: Transport;
  readonly ownCredentials: OwnCredentials;
  /** Inside one scope, rules with a higher priority are compared first. @default 0 */
  readonly priority: number;
}

/**
 * A service account: rules that say where it may be used, and one credential. The rules are asked in their order, and
 * the first that matches decides. A `deny` wins inside its connection wherever it stands.
 */
export interface Connection {
  readonly id: string;
  /** The preset that filled in what the file did not say. Null without one. */
  readonly preset: string | null;
  /**
   * The kind of forge that the file says it is for, where neither preset nor credential say so. It belongs to the
   * connection and not to a grant, so that the connection stays closed when its last grant goes. Absent: none.
   */
  readonly forge?: Forge['kind'] | undefined;
  readonly rules: readonly ConnectionRule[];
  readonly credential: CredentialUse;
  /** The stored version that is used. {@link NO_CREDENTIAL} while none is. */
  readonly credentialVersion: number;
  /**
   * The version before this one, after a rotation. It can be put back, and requests that run with it go on, until this
   * time (ISO 8601). Null or absent without a rotation.
   */
  readonly retiring?: { readonly version: number; readonly until: string } | null;
  /** PEM text of the authorities that its hosts are verified against, instead of the usual ones. Null for the usual ones. */
  readonly ca: string | null;
  /** The request that `bellhop connections test` sends. Null when the file names none. */
  readonly test: { readonly method: string; readonly url: string } | null;
  readonly priority: number;
  /** What makes it an MCP server, whose tools models are given. Its one rule says where the server is. Absent: it is none. */
  readonly mcp?: McpServer | undefined;
  /** The person whose own connection it is. Absent for those of the access file, and no stored document has it. */
  readonly owner?: ScopeKey;
}

/** A server of the Model Context Protocol. */
export interface McpServer {
  /** Its address for Streamable HTTP. */
  readonly url: string;
  readonly tools: ToolRules;
}

/** Which tools may be called. Of several lists that cover a name, the first of `deny`, `approve`, `allow` and `read` counts. */
export interface ToolRules {
  /** May be called. */
  readonly allow: readonly ToolPattern[];
  /** May not be called. */
  readonly deny: readonly ToolPattern[];
  /** May be called while the server says that they only read. Absent: none. */
  readonly read?: readonly ToolPattern[];
  /** Each call waits until somebody in the thread has allowed it. Absent: none. */
  readonly approve?: readonly ToolPattern[];
}

export type ToolList = keyof ToolRules;

/** Names of tools (mcp/tool-pattern.ts). */
export interface ToolPattern {
  readonly pattern: string;
  /** Where it stands in the file that was applied, counted from 1. 0 when that is not known. */
  readonly line: number;
}

/** The version of a connection whose credential was not entered yet, or was revoked. Nothing is sent with it. */
export const NO_CREDENTIAL = 0;

/** `inject` attaches the credential, `forward` lets through without it, `deny` blocks. */
export interface ConnectionRule extends Omit<RuleMatch, 'port'> {
  /** Null covers every port. Only a `deny` has it. */
  readonly port: number | null;
  readonly action: 'inject' | 'forward' | 'deny';
}

/**
 * How a connection proves who it is: everything of its credential that is no secret. What the sealed secret text holds
 * for each kind is said at the kind.
 */
export type CredentialUse =
  /** Secret: the token. */
  | { readonly kind: 'bearer' }
  /** Secret: `user:password`. */
  | { readonly kind: 'basic' }
  /** Secret: the header's value. `name` is in lower case. */
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  /** Secret: a JSON object from each of these names (in lower case) to its value. */
  | { readonly kind: 'headers'; readonly names: readonly string[] }
  /** Secret: the parameter's value. */
  | { readonly kind: 'query'; readonly name: string }
  /** Secret: the field's value. It is put into a JSON object or a form. */
  | { readonly kind: 'body'; readonly field: string }
  /**
   * Secret: a JSON object with `access_key_id`, `secret_access_key` and optional `session_token`; or `id:key[:token]`.
   * Null means that region or service is read from the host.
   */
  | { readonly kind: 'aws-sigv4'; readonly region: string | null; readonly service: string | null }
  /** Secret: Google's JSON key file of a service account. With an `audience` an identity token is asked for (IAP). */
  | { readonly kind: 'gcp'; readonly scopes: readonly string[]; readonly audience: string | null }
  /** Secret: the client's secret (RFC 6749 4.4). */
  | {
      readonly kind: 'oauth-client';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly scopes: readonly string[];
      readonly audience: string | null;
      /** Where the client's secret goes (RFC 6749 2.3.1). */
      readonly clientAuth: 'basic' | 'post';
    }
  /** Secret: a private key as PEM (RFC 7523). */
  | {
      readonly kind: 'oauth-jwt';
      readonly tokenUrl: string;
      readonly issuer: string;
      readonly subject: string;
      readonly audience: string;
      readonly scopes: readonly string[];
      readonly keyId: string | null;
    }
  /** Secret: a JSON object with `refresh_token` and optional `client_secret` (RFC 6749 6). The token may rotate. */
  | {
      readonly kind: 'oauth';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly scopes: readonly string[];
      readonly clientAuth: 'basic' | 'post' | 'none';
    }
  /** Secret: the app's private key as PEM. The installation's token is narrowed to what the bundles grant. */
  | {
      readonly kind: 'github-app';
      readonly appId: string;
      readonly installationId: string;
      /** Where tokens are made: `https://api.github.com`, or the API of an Enterprise server. */
      readonly apiUrl: string;
    }
  /** Secret: the client's certificate and its private key as PEM, one after the other. */
  | { readonly kind: 'mtls' }
  /**
   * Secret: a JSON object with `access_token`, and optional `refresh_token` and `expires_at`. A person has granted it by OAuth
   * (RFC 6749 4.1, RFC 8628). No file has this kind: only a personal connection does.
   */
  | {
      readonly kind: 'oauth-grant';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientAuth: ClientAuth;
    };

/** Where a client's secret goes (RFC 6749 2.3.1). `none` is a public client, which has no secret. */
export type ClientAuth = 'basic' | 'post' | 'none';

export type CredentialKind = CredentialUse['kind'];

/** What a bundle allows in one repository, or in all of an owner (`acme/*`). */
export interface RepositoryGrant {
  /** `owner/name`, or `owner/*`. GitLab's groups may be nested: `group/sub/name`. Only an offer to people has `*`. */
  readonly repository: string;
  /** `propose` may fetch, push to `bellhop/*` branches without force, and open draft pull requests. */
  readonly access: 'read' | 'propose' | 'write';
  /** For `write`: the branches that may be pushed to, as names or `prefix/*`. Empty for the others. */
  readonly branches: readonly string[];
  /** The connection whose credential is used. */
  readonly connection: string;
  readonly forge: Forge;
  /** Where it stands in the file that was applied, counted from 1. Absent: not known. */
  readonly line?: number | undefined;
}

/** A server with git repositories and an API. */
export interface Forge {
  readonly kind: 'github' | 'gitlab' | 'gitea';
  readonly gitHost: string;
  readonly gitPort: number;
  readonly apiHost: string;
  readonly apiPort: number;
  /** What stands before each path of the API: an empty text for api.github.com, `/api/v3`, `/api/v4`, `/api/v1`. */
  readonly apiPath: string;
}

export interface Bundle {
  readonly id: string;
  readonly connections: readonly string[];
  readonly domains: readonly DomainEntry[];
  readonly repositories: readonly RepositoryGrant[];
  /** Package registries that are opened for reading. */
  readonly registries: readonly RegistryName[];
  /** MCP servers that a command starts in the sandbox. Absent: none. */
  readonly servers?: readonly CommandServer[];
  readonly instructions: string;
}

/** An MCP server that a command starts in the sandbox. It holds no credential, and reaches what the sandbox reaches. */
export interface CommandServer {
  readonly id: string;
  /** A program with its arguments. No shell reads them. */
  readonly command: readonly string[];
  readonly tools: ToolRules;
  /** Where it stands in the file that was applied, counted from 1. 0 when that is not known. */
  readonly line: number;
}

/** Something the organization forbids. No narrower scope can allow it. */
export interface Guardrail extends Omit<RuleMatch, 'addresses' | 'scheme' | 'port'> {
  readonly id: string;
  readonly reason: string;
  /** Null covers every port. */
  readonly port: number | null;
}

/** What can be done in a repository, as guardrails name it. */
export const REPOSITORY_OPERATIONS = [
  'read',
  'push',
  'push-default-branch',
  'create-branch',
  'merge',
  'open-pull-request',
  'edit-pull-request',
  'review',
  'comment',
  'open-issue',
  'edit-issue',
] as const;

export type RepositoryOperation = (typeof REPOSITORY_OPERATIONS)[number];

/** Operations that the organization forbids in repositories. No narrower scope can allow them. */
export interface RepositoryGuardrail {
  readonly id: string;
  /** `owner/name`, `owner/*`, or `*` for every repository. */
  readonly repository: string;
  readonly operations: readonly RepositoryOperation[];
  readonly reason: string;
  readonly line: number;
}

/** Tools of MCP servers that the organization forbids. No narrower scope can allow them. */
export interface ToolGuardrail {
  readonly id: string;
  /** The name of a connection, or `*` for every server. */
  readonly server: string;
  /** Names of tools (mcp/tool-pattern.ts). */
  readonly tools: readonly string[];
  readonly reason: string;
  readonly line: number;
}

/** A language model that the file names. Its key is sealed for the agent worker alone (credentials/model-binding.ts). */
export interface NamedModel {
  readonly name: string;
  readonly vendor: 'anthropic' | 'openai-compatible';
  readonly api: 'messages' | 'chat-completions' | 'responses';
  /** Where the vendor's paths begin, without a slash at its end. */
  readonly baseUrl: string;
  /** The vendor's name of it. */
  readonly model: string;
  /** Its window, and its longest answer. */
  readonly contextTokens: number;
  readonly answerTokens: number;
  readonly reasoning?: 'low' | 'medium' | 'high';
  /** What it is used for wherever a turn happens. */
  readonly for: readonly 'summaries'[];
  /** The model that answers while this one is away. */
  readonly fallback?: string;
  /** The stored version of its key. Null: the server asks for none. */
  readonly keyVersion: number | null;
  /** Where it stands in the file that was applied, counted from 1. */
  readonly line: number;
}

export interface ScopeAccess {
  readonly scope: ScopeKey;
  /** For people: `#platform-eng`, `organization`. */
  readonly label: string;
  /** Null when the file does not say. The most specific scope that says something decides. */
  readonly enabled: boolean | null;
  readonly bundles: readonly string[];
  readonly instructions: string;
  /** The environment that is attached here. Absent when the file does not say. */
  readonly environment?: string;
  /** The model that answers here, by its name in the file. Absent when the file does not say. */
  readonly model?: string;
  /** Of the organization and of workspaces. Absent when the file does not say. */
  readonly directMessages?: 'on' | 'off';
  /** `workspace` gives group messages the bundles of workspace and organization. Absent when the file does not say. */
  readonly groupMessages?: 'off' | 'workspace';
  /**
   * Of channels: whom sessions act as. `requester` is whoever began the session, with their own connections and none of the channel's. Absent:
   * the agent of the channel.
   */
  readonly identity?: 'agent' | 'requester';
  /** With `requester`: the offers that may be used here. A person needs each of them. Absent: all that are offered. */
  readonly personal?: readonly string[];
  /** With `requester`: whether others may ask for something in a session, which its owner has to confirm. Absent: never. */
  readonly others?: 'never' | 'ask';
  /** The pattern that a confirmed channel matches. Absent for what the file names itself. No stored document has it. */
  readonly pattern?: string;
}

/** What a pattern of names attaches to each channel that is confirmed for it (channel-patterns.ts). */
export interface ChannelPattern extends Omit<ScopeAccess, 'scope' | 'label' | 'pattern'> {
  /** `#incident-*` */
  readonly pattern: string;
  readonly line: number;
}

/** What people may connect for themselves. */
export interface PeopleAccess {
  readonly offers: readonly PersonalOffer[];
  /** Names of the models among which a person chooses for their own direct messages. Absent: none. */
  readonly models?: readonly string[];
  /** Whether the agent of a channel may ask whoever began a turn to use a connection of theirs. Absent: never. */
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
  /** The request that says whose a token is, and the member of the answer with the name. Null: nobody can be asked. */
  readonly account: { readonly url: string; readonly field: string } | null;
}

export interface AccessDocument {
  /** 0 is the empty document of a fresh installation. */
  readonly version: number;
  readonly bundles: readonly Bundle[];
  readonly connections: readonly Connection[];
  readonly guardrails: readonly Guardrail[];
  readonly repositoryGuardrails: readonly RepositoryGuardrail[];
  /** Absent: none. */
  readonly toolGuardrails?: readonly ToolGuardrail[];
  readonly scopes: readonly ScopeAccess[];
  /** Absent: none. */
  readonly patterns?: readonly ChannelPattern[];
  /** Absent: none. */
  readonly environments?: readonly Environment[];
  /** Absent: none. */
  readonly models?: readonly NamedModel[];
  /** Absent: people may connect nothing. */
  readonly people?: PeopleAccess;
  /** Where packages came from on the operator's machine when the file was applied. Absent: the public hosts. */
  readonly mirrors?: RegistryMirrors;
}

export const EMPTY_DOCUMENT: AccessDocument = {
  version: 0,
  bundles: [],
  connections: [],
  guardrails: [],
  repositoryGuardrails: [],
  scopes: [],
};
