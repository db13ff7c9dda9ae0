import type { Bundle, Connection, Guardrail } from './document.ts';

/**
 * `bellhop.yaml` as it was written: checked, but with channels by the names that people use. It becomes an access
 * document when those are resolved to ids and secrets are sealed.
 */
export interface AccessFile {
  readonly organization: ScopeSection;
  readonly workspace: WorkspaceSection | null;
  readonly channels: readonly ChannelSection[];
  readonly bundles: readonly Bundle[];
  readonly connections: readonly FileConnection[];
  readonly guardrails: readonly Guardrail[];
  readonly schedules: readonly FileSchedule[];
}

export interface ScopeSection {
  readonly enabled: boolean;
  readonly bundles: readonly string[];
  readonly instructions: string;
}

export interface WorkspaceSection extends ScopeSection {
  /** Slack's id of it; null where there is only one. */
  readonly team: string | null;
  readonly line: number;
}

export interface ChannelSection extends ScopeSection {
  readonly channel: ChannelRef;
}

/** A channel as the file names it: `#platform-eng`, or its id. */
export interface ChannelRef {
  readonly text: string;
  /** Where it is named, for errors that only show when names are looked up. */
  readonly line: number;
  readonly field: string;
}

/** A connection without its version: that is known once its credential is. */
export interface FileConnection extends Omit<Connection, 'credentialVersion'> {
  readonly source: SecretSource;
  readonly line: number;
}

/** Where whoever applies the file has the secret. `stored` names none: the one that is stored stays. */
export type SecretSource =
  | { readonly from: 'environment'; readonly name: string }
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'stored' };

export interface FileSchedule {
  readonly name: string;
  readonly channel: ChannelRef;
  /** Five fields, or six with a year at the end; a single run has all of them fixed. */
  readonly cron: string;
  /** IANA name. */
  readonly timezone: string;
  readonly prompt: string;
  /** Null leaves it as it is: paused or resumed by whoever did so. */
  readonly paused: boolean | null;
}
