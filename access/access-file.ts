import type {
  Bundle,
  ChannelPattern,
  Connection,
  Guardrail,
  Listen,
  NamedModel,
  RepositoryGuardrail,
  ToolGuardrail,
} from './document.ts';
import type { FileEnvironment } from './environments/environment-schema.ts';
import type { OutsiderRule } from './outsiders.ts';
import type { PeopleAccess } from './people-access.ts';

/**
 * The content of `bellhop.yaml` after checking. Channels still have the names that people use. When channels are
 * resolved to ids and secrets are sealed, it becomes an access document (document.ts).
 */
export interface AccessFile {
  readonly organization: ScopeSection;
  readonly workspaces: readonly WorkspaceSection[];
  readonly channels: readonly ChannelSection[];
  /** Keys of `channels` that are patterns of names. */
  readonly patterns: readonly ChannelPattern[];
  readonly bundles: readonly Bundle[];
  readonly connections: readonly FileConnection[];
  readonly guardrails: readonly Guardrail[];
  readonly repositoryGuardrails: readonly RepositoryGuardrail[];
  readonly toolGuardrails: readonly ToolGuardrail[];
  readonly schedules: readonly FileSchedule[];
  readonly tests: readonly FileTest[];
  readonly environments?: readonly FileEnvironment[];
  readonly models?: readonly FileModel[];
  readonly people?: PeopleAccess;
}

export interface ScopeSection {
  /** Null when the file does not say. */
  readonly enabled: boolean | null;
  readonly bundles: readonly string[];
  readonly instructions: string;
  readonly environment?: string;
  readonly model?: string;
  readonly models?: readonly string[];
  readonly listen?: Listen;
  readonly directMessages?: 'on' | 'off';
  readonly groupMessages?: 'off' | 'workspace';
  readonly guests?: OutsiderRule;
  readonly sharedChannels?: OutsiderRule;
  readonly identity?: 'agent' | 'requester';
  readonly personal?: readonly string[];
  readonly others?: 'never' | 'ask';
}

export interface WorkspaceSection extends ScopeSection {
  /** Slack's id of the workspace. Null when the file does not give it. */
  readonly team: string | null;
  readonly line: number;
  readonly field: string;
}

export interface ChannelSection extends ScopeSection {
  readonly channel: ChannelRef;
}

/** A channel as it is written in the file: `#platform-eng`, or its id. */
export interface ChannelRef {
  readonly text: string;
  /** Where it stands in the file, for errors that are found only when names are looked up. */
  readonly line: number;
  readonly field: string;
}

/** A connection without the version of its credential and its authorities, which are read when the file is applied. */
export interface FileConnection extends Omit<Connection, 'credentialVersion' | 'ca'> {
  readonly source: SecretSource;
  /** Path of a PEM file, counted from the folder of `bellhop.yaml`. Null for the usual authorities. */
  readonly caFile: string | null;
  readonly line: number;
}

/** A model without the version of its key, which is sealed when the file is applied. */
export interface FileModel extends Omit<NamedModel, 'keyVersion'> {
  /** Null: the server asks for no key. */
  readonly source: SecretSource | null;
}

/** Where `bellhop apply` finds the secret. With `stored`, the file names none and the stored credential stays. */
export type SecretSource =
  | { readonly from: 'environment'; readonly name: string }
  | { readonly from: 'file'; readonly path: string }
  /** A program with its arguments. It is run without a shell, and its output is the secret. */
  | { readonly from: 'command'; readonly argv: readonly string[] }
  | { readonly from: 'stored' };

export interface FileSchedule {
  readonly name: string;
  readonly channel: ChannelRef;
  /** Five fields, or six with a year at the end. A single run is written with six fixed fields. */
  readonly cron: string;
  /** IANA name. */
  readonly timezone: string;
  readonly prompt: string;
  /** Null when the file does not say. Then the schedule stays paused or running as it is. */
  readonly paused: boolean | null;
}

/** What the file expects of a request, a push or a call of a tool. `bellhop test` compares it with the decision. */
export interface FileTest {
  /** A channel, or `organization`. */
  readonly from: ChannelRef;
  readonly asks:
    | { readonly kind: 'request'; readonly method: string; readonly url: string }
    | { readonly kind: 'push'; readonly repository: string; readonly branch: string }
    | { readonly kind: 'tool'; readonly server: string; readonly tool: string };
  readonly expect: FileExpectation;
  readonly line: number;
}

export interface FileExpectation {
  /** `allowed` is met by `injected` and `forwarded`. */
  readonly outcome: 'blocked' | 'allowed' | 'injected' | 'forwarded';
  /** The connection, domain entry or guardrail that must decide. Null when any may. */
  readonly by: string | null;
}
