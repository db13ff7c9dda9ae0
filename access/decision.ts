import type { ScopeKey } from '../contracts/scope.ts';
import type { Connection, DomainEntry, Guardrail } from './document.ts';

/** Where an item of effective access comes from. */
export interface Origin {
  readonly scope: ScopeKey;
  readonly scopeLabel: string;
  readonly bundle: string;
}

export type EffectiveRule =
  | { readonly action: 'inject'; readonly connection: Connection; readonly origin: Origin }
  | { readonly action: 'forward'; readonly domain: DomainEntry; readonly origin: Origin };

/** What a scope really has, every item with its origin. Most specific scope first, inside it by priority. */
export interface EffectiveAccess {
  readonly scope: ScopeKey;
  readonly policyVersion: number;
  readonly enabled: boolean;
  readonly guardrails: readonly Guardrail[];
  readonly rules: readonly EffectiveRule[];
  /** Each with its origin, broadest first, as they are given to the model. */
  readonly instructions: readonly { readonly origin: string; readonly text: string }[];
}

/** A request as it is judged: the host is canonical, the path normalized, and the query is not part of it. */
export interface JudgedRequest {
  readonly method: string;
  readonly scheme: 'https' | 'http';
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export type BlockCode =
  | 'guardrail'
  | 'not_allowed'
  | 'method_not_allowed'
  | 'path_not_allowed'
  | 'port_not_allowed'
  | 'cleartext_credential'
  | 'disabled';

/** One rule that was looked at, and why it did or did not decide. */
export interface WalkStep {
  readonly rule: string;
  readonly origin: string;
  readonly result: 'matched' | 'host' | 'port' | 'scheme' | 'method' | 'path' | 'shadowed';
}

export type Decision =
  | {
      readonly outcome: 'injected';
      readonly rule: EffectiveRule & { action: 'inject' };
      readonly reason: string;
      readonly walk: readonly WalkStep[];
    }
  | {
      readonly outcome: 'forwarded';
      readonly rule: EffectiveRule & { action: 'forward' };
      /** True on a host of some connection in scope: what the sandbox sends of its own is stripped there. */
      readonly connectionHost: boolean;
      readonly reason: string;
      readonly walk: readonly WalkStep[];
    }
  | {
      readonly outcome: 'blocked';
      readonly code: BlockCode;
      /** The guardrail, or the rule that came nearest, when there is one. */
      readonly rule: string | null;
      readonly reason: string;
      readonly walk: readonly WalkStep[];
    };
