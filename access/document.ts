/**
 * The access document: what an administrator wrote, resolved to ids and checked. It is stored whole, one immutable
 * version for each `apply`, and holds no secret: a connection names its credential by id and version only.
 */
import type { ScopeKey } from '../contracts/scope.ts';

export type OwnCredentials = 'strip' | 'pass' | 'block';
export type Transport = 'intercept' | 'tunnel';

/** What a rule matches. `host` is an exact name or `*.suffix` (any depth, never the apex). */
export interface RuleMatch {
  readonly host: string;
  readonly port: number;
  readonly scheme: 'https' | 'http';
  /** Upper-case; empty means every method. */
  readonly methods: readonly string[];
  /** Path prefixes on segment borders (`/v1` covers `/v1` and `/v1/x`, not `/v10`); empty means every path. */
  readonly paths: readonly string[];
  /**
   * Loopback, private and other special ranges this rule may be dialled at, each with its port.
   * Each also needs the operator's ceiling on the machine of the proxy.
   */
  readonly addresses: readonly AddressException[];
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
  /** Higher is asked first inside one scope. @default 0 */
  readonly priority: number;
}

export type CredentialKind = 'bearer' | 'basic' | 'header';

export interface Connection extends RuleMatch {
  readonly id: string;
  readonly kind: CredentialKind;
  /** For kind `header`: its name, lower-case. */
  readonly header: string | null;
  /** For kind `header`: text before the secret. */
  readonly prefix: string;
  readonly credentialVersion: number;
  readonly priority: number;
}

export interface Bundle {
  readonly id: string;
  readonly connections: readonly string[];
  readonly domains: readonly DomainEntry[];
  readonly instructions: string;
}

/** A deny of the organization; nothing narrower overrides it. */
export interface Guardrail extends Omit<RuleMatch, 'addresses' | 'scheme' | 'port'> {
  readonly id: string;
  readonly reason: string;
  /** Null covers every port. */
  readonly port: number | null;
}

export interface ScopeAccess {
  readonly scope: ScopeKey;
  /** For people: `#platform-eng`, `organization`. */
  readonly label: string;
  readonly enabled: boolean;
  readonly bundles: readonly string[];
  readonly instructions: string;
}

export interface AccessDocument {
  /** 0 is the empty document of a fresh installation. */
  readonly version: number;
  readonly bundles: readonly Bundle[];
  readonly connections: readonly Connection[];
  readonly guardrails: readonly Guardrail[];
  readonly scopes: readonly ScopeAccess[];
}

export const EMPTY_DOCUMENT: AccessDocument = { version: 0, bundles: [], connections: [], guardrails: [], scopes: [] };
