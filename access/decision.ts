import type { RegistryName } from '../contracts/registries.ts';
import type { ScopeKey } from '../contracts/scope.ts';
import type {
  CommandServer,
  Connection,
  ConnectionRule,
  DomainEntry,
  Forge,
  Guardrail,
  Listen,
  RepositoryGrant,
  RepositoryGuardrail,
  ToolGuardrail,
  ToolRules,
} from './document.ts';
import type { OutsiderVerdict } from './outsiders.ts';

/** The scope and bundle from which an item of effective access comes. */
export interface Origin {
  readonly scope: ScopeKey;
  readonly scopeLabel: string;
  readonly bundle: string;
}

/** One rule of a connection, where the connection is attached. */
export interface EffectiveConnectionRule {
  readonly from: 'connection';
  readonly action: ConnectionRule['action'];
  readonly connection: Connection;
  /** One of the connection's rules. */
  readonly match: ConnectionRule;
  readonly origin: Origin;
}

/** A domain entry, where its bundle is attached. */
export interface EffectiveDomain {
  readonly from: 'domain';
  readonly action: 'forward';
  readonly match: DomainEntry;
  readonly origin: Origin;
}

export type EffectiveRule = EffectiveConnectionRule | EffectiveDomain;

export interface EffectiveRepository {
  readonly grant: RepositoryGrant;
  /** The connection that the grant names. */
  readonly connection: Connection;
  readonly origin: Origin;
}

/** A connection to a forge. */
export interface ForgeConnection {
  readonly connection: string;
  readonly forge: Forge;
}

export interface EffectiveRegistry {
  readonly registry: RegistryName;
  readonly origin: Origin;
}

/** An MCP server, where its connection is attached. */
export interface EffectiveServer {
  readonly connection: Connection;
  readonly url: string;
  readonly tools: ToolRules;
  readonly origin: Origin;
}

/** An MCP server that a command starts in the sandbox, where its bundle is attached. */
export interface EffectiveCommandServer extends Pick<CommandServer, 'id' | 'command' | 'tools'> {
  readonly origin: Origin;
}

/** Everything that holds for a scope, each item with its origin. */
export interface EffectiveAccess {
  readonly scope: ScopeKey;
  /** `requester` where sessions act as the person who began them. Absent: as the agent of the scope, or in a direct message as its person. */
  readonly identity?: 'requester';
  /** With `requester`: what others ask for is done when the person has confirmed it. Absent: never. */
  readonly others?: 'ask';
  /** Offers that the agent may ask the requester for. Absent: none. */
  readonly mayAskFor?: readonly string[];
  readonly policyVersion: number;
  readonly enabled: boolean;
  /** Where outsiders are in the channel: what holds because of them. With `refuse`, `enabled` is false. Absent: there are none. */
  readonly outsiders?: OutsiderVerdict;
  readonly guardrails: readonly Guardrail[];
  readonly repositoryGuardrails: readonly RepositoryGuardrail[];
  readonly toolGuardrails: readonly ToolGuardrail[];
  /** In the order of comparison: most specific scope first; inside a scope `deny` first, then by priority. */
  readonly rules: readonly EffectiveRule[];
  /** Most specific scope first. */
  readonly repositories: readonly EffectiveRepository[];
  /**
   * Connections that some bundle of the document names for repositories, or whose preset or credential is a forge's,
   * attached here or not. What they reach is decided by the grants alone. So attaching such a connection without a grant
   * opens no repository.
   */
  readonly forges: readonly ForgeConnection[];
  /** Most specific scope first. */
  readonly registries: readonly EffectiveRegistry[];
  /**
   * MCP servers, most specific scope first, each once. They are no rules: a sandbox does not reach their address with their
   * credential, and only their tools can be called (mcp/judge-tool.ts).
   */
  readonly servers: readonly EffectiveServer[];
  /** The name of the model that answers here. Absent: the one of the agent worker's environment. */
  readonly model?: string;
  /** The models among which people choose for a thread. Absent: none. */
  readonly models?: readonly string[];
  /** Whose untagged words count in joined threads. Absent: everyone's, or the scope has no threads of several people. */
  readonly listen?: Exclude<Listen, 'everyone'>;
  /** MCP servers that a command starts in the sandbox, most specific scope first, each once. Absent: none. */
  readonly commandServers?: readonly EffectiveCommandServer[];
  /** Instructions for the model, broadest scope first. */
  readonly instructions: readonly { readonly origin: string; readonly text: string }[];
}

/** The parts of a request that are judged. The host is canonical, the path is normalized, and the query is left out. */
export interface JudgedRequest {
  readonly method: string;
  readonly scheme: 'https' | 'http';
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export type BlockCode =
  | 'guardrail'
  | 'connection_denied'
  | 'not_allowed'
  | 'method_not_allowed'
  | 'path_not_allowed'
  | 'port_not_allowed'
  | 'cleartext_credential'
  | 'disabled';

export type Decision =
  | {
      readonly outcome: 'injected';
      readonly rule: EffectiveConnectionRule;
      readonly reason: string;
    }
  | {
      readonly outcome: 'forwarded';
      readonly rule: EffectiveRule;
      /** True when a connection in scope is for this host. Then the sandbox's own credentials are stripped. */
      readonly connectionHost: boolean;
      readonly reason: string;
    }
  | {
      readonly outcome: 'blocked';
      readonly code: BlockCode;
      /** The guardrail or connection that blocks, or the rule that came nearest. Null when no rule is for this host. */
      readonly rule: string | null;
      /** The rule of a connection that denies. Null for every other code than `connection_denied`. */
      readonly denied: EffectiveConnectionRule | null;
      readonly reason: string;
    };

/** One rule that was compared with the request, and the result: `matched`, or the first difference. */
export interface WalkStep {
  readonly rule: string;
  readonly origin: string;
  readonly action: 'inject' | 'forward' | 'deny';
  /** Where the rule stands in the file that was applied. 0 when that is not known. */
  readonly line: number;
  readonly result: 'matched' | 'host' | 'port' | 'scheme' | 'method' | 'path' | 'shadowed';
}

/** A decision with every rule that was compared, in this order. */
export type Explanation = Decision & { readonly walk: readonly WalkStep[] };
