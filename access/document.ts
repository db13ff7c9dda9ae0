/**
 * The access document: an administrator's rules, checked, with channels as ids. Each `apply` stores a new version as a
 * whole and never changes it. A document holds no secret: a connection names its credential by id and version only.
 */
import type { Price } from '../contracts/cost.ts';
import type { Environment } from '../contracts/environments.ts';
import type { RegistryMirrors, RegistryName } from '../contracts/registries.ts';
import type { ScopeKey } from '../contracts/scope.ts';
import type { CredentialUse } from './credential-use.ts';
import type { MixedChannel, OutsiderRule } from './outsiders.ts';
import type { PeopleAccess } from './people-access.ts';

export type OwnCredentials = 'strip' | 'pass' | 'block';
export type Transport = 'intercept' | 'tunnel';
/** Whose untagged words count in a thread that the agent has joined. `requester`: of people who have mentioned it in that thread. */
export const LISTEN = ['everyone', 'requester', 'mentions'] as const;
export type Listen = (typeof LISTEN)[number];

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
  /** What it takes beside text. Absent in a document of before: nothing. */
  readonly takes?: readonly ('images' | 'pdf')[];
  /** Absent: no cost is shown for it. */
  readonly price?: Price;
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
  /** The models among which people choose for a thread here. Absent when the file does not say. */
  readonly models?: readonly string[];
  /** Whose untagged words count in joined threads. Absent when the file does not say. The nearest scope decides. */
  readonly listen?: Listen;
  /** Of the organization and of workspaces. Absent when the file does not say. */
  readonly directMessages?: 'on' | 'off';
  /** `workspace` gives group messages the bundles of workspace and organization. Absent when the file does not say. */
  readonly groupMessages?: 'off' | 'workspace';
  /** What the agent does where a guest is in the channel. Absent when the file does not say. */
  readonly guests?: OutsiderRule;
  /** What the agent does in a channel that is shared with another organization. Absent when the file does not say. */
  readonly sharedChannels?: OutsiderRule;
  /**
   * Of channels: whom sessions act as. `requester` is the person who began the session, with their own connections and none of the channel's. Absent:
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
  /** Places with outsiders in them at this moment. No stored document has it. Absent: none. */
  readonly mixed?: readonly MixedChannel[];
}

export const EMPTY_DOCUMENT: AccessDocument = {
  version: 0,
  bundles: [],
  connections: [],
  guardrails: [],
  repositoryGuardrails: [],
  scopes: [],
};
