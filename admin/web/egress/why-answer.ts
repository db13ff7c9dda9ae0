import type { Outcome } from '../../../contracts/egress.ts';

/** One rule that was looked at. */
export interface WhyStep {
  readonly rule: string;
  readonly origin: string;
  /** `matched`, or in what it differs: `host`, `port`, `scheme`, `method`, `path`, `shadowed`. */
  readonly result: string;
}

/** A judgement by one version of the policy. */
export interface Judgement {
  readonly policyVersion: number;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly walk: readonly WhyStep[];
}

/** Why a request ended as it did. */
export interface WhyAnswer {
  readonly request: string;
  readonly scope: string;
  readonly recorded: { readonly at: string; readonly outcome: Outcome; readonly code: string; readonly reason: string };
  /** By the access the turn began with; null when none was kept. */
  readonly atTheTime: Judgement | null;
  /** By the policy of this moment; null when it cannot be read. */
  readonly now: Judgement | null;
}
