import type { SessionId } from './ids.ts';
import type { Principal, ScopeKey } from './scope.ts';

/** How a request ended at the Agent Proxy. Spelt like this everywhere. */
export type Outcome = 'injected' | 'forwarded' | 'blocked';

/** What a turn sent out, counted by outcome; the result of `streamEgress`. */
export interface EgressCounts {
  readonly injected: number;
  readonly forwarded: number;
  readonly blocked: number;
  readonly bytesOut: number;
}

export const NO_EGRESS: EgressCounts = { injected: 0, forwarded: 0, blocked: 0, bytesOut: 0 };

/** Which turn holds a lease. A lower epoch can neither open nor close a lease of a higher one. */
export interface LeaseEpoch {
  readonly turn: number;
  /** Attempt of the `streamEgress` activity, starting at 1. */
  readonly attempt: number;
}

/** The right of one sandbox to use the proxy during one turn. Kept in the proxy's memory only. */
export interface LeaseRequest {
  readonly sandbox: string;
  readonly session: SessionId;
  readonly epoch: LeaseEpoch;
  readonly scope: ScopeKey;
  readonly principal: Principal;
  /** Slack user id of the person whose message began the turn, or `schedule:<name>`. */
  readonly requester: string;
}

/** The record of one outbound request and the decision on it. Never a body, a query value or a secret. */
export interface EgressEvent {
  readonly id: string;
  /** ISO 8601, when the request reached the proxy. */
  readonly at: string;
  readonly sandbox: string;
  readonly session: SessionId | null;
  readonly turn: number | null;
  readonly principal: Principal | null;
  readonly requester: string | null;
  readonly scope: ScopeKey | null;
  readonly outcome: Outcome;
  /** Stable code for machines: `connection`, `domain_entry`, `not_allowed`, `guardrail`, `no_lease`, … */
  readonly code: string;
  /** The same in words for people. */
  readonly reason: string;
  readonly rule: string | null;
  readonly bundle: string | null;
  /** Scope the deciding rule is attached to. */
  readonly ruleScope: ScopeKey | null;
  readonly connection: string | null;
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Without query values: `/v1/x?day=…` is kept as `/v1/x?day`. */
  readonly path: string;
  /** Status the sandbox received; null when the connection ended without one. */
  readonly status: number | null;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly durationMs: number;
  /** `intercept` saw the request; `tunnel` saw only host and port. */
  readonly transport: 'intercept' | 'tunnel' | 'plain';
  /** Whether the sandbox sent a credential itself; null or absent where its headers were not seen. */
  readonly ownCredentials?: boolean | null;
  /** What it did in a repository of a forge, or said to an MCP server: `push`, `open-pull-request`, `tools/call`, … Null or absent elsewhere. */
  readonly operation?: string | null;
  /** `owner/name`. */
  readonly repository?: string | null;
  /** Whole names of the refs it concerned, with spaces between them: `refs/heads/bellhop/fix`. */
  readonly ref?: string | null;
  readonly pullRequest?: number | null;
  /** The tool of an MCP server that it called. Its connection is the server. Null or absent for everything else. */
  readonly tool?: string | null;
  /**
   * How many requests the record stands for; absent is one. Past the limit of a turn, requests with the same outcome, host and rule
   * share a record: its words are those of the first of them, its bytes are those of all.
   */
  readonly requests?: number;
}
