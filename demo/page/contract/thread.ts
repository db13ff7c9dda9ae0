/** What the server tells the web app about one Slack thread. */
import type { EgressItem } from '../../../admin/web/egress/egress-item.ts';

export type StepState = 'pending' | 'running' | 'done' | 'failed' | 'stopped' | 'unknown';
export type TurnState = 'running' | 'answered' | 'stopped' | 'limit' | 'failed';

export interface StepView {
  readonly number: number;
  readonly kind: 'model' | 'tool';
  readonly tool: string | null;
  readonly state: StepState;
  readonly exitCode: number | null;
  readonly truncated: boolean;
  readonly attempt: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** A moment of a turn; `endedAt` is null while it lasts. */
export interface PhaseView {
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly detail: string | null;
}

export interface TurnView {
  readonly number: number;
  readonly requester: string;
  /** Everybody whose words for the agent it has read. */
  readonly steeredBy: readonly string[];
  readonly state: TurnState;
  /** What the thread was told, when it failed. */
  readonly failure: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly resolve: PhaseView | null;
  readonly provision: PhaseView | null;
  readonly steps: readonly StepView[];
  readonly reply: PhaseView | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface ThreadView {
  readonly session: string;
  /** Null until somebody has addressed the agent in this thread. */
  readonly state: string | null;
  /** The person in whose name the agent works here; null: in its own. */
  readonly actsAs: string | null;
  readonly runner: string | null;
  readonly sandbox: string | null;
  readonly turns: readonly TurnView[];
  /** Newest first. */
  readonly heldBack: readonly HeldBackView[];
  /** Oldest first. */
  readonly egress: readonly EgressItem[];
}

/** What the access of a turn, or of a place, is made of, item by item. */
export interface AccessView {
  readonly policyVersion: number;
  readonly scope: string;
  readonly identity: Identity;
  readonly enabled: boolean;
  readonly rules: readonly AccessRuleView[];
  /** MCP servers whose tools may be called, by name. */
  readonly servers: readonly string[];
  readonly guardrails: readonly string[];
}

/** In whose name the agent acts somewhere. */
export type Identity =
  | { readonly as: 'agent' }
  | {
      readonly as: 'person';
      readonly person: string;
      /** Connections of theirs that count there, by name: `gitea`. */
      readonly own: readonly string[];
      /** In a channel it is the person who begins the thread. */
      readonly ofThread: boolean;
    };

/** What somebody did in a thread that works in another person's name. It was kept, and caused nothing. */
export interface HeldBackView {
  readonly at: string;
  readonly owner: string;
  readonly actor: string;
  readonly kind: string;
  /** The owner has confirmed it since. */
  readonly confirmed: boolean;
}

export interface AccessRuleView {
  readonly action: 'inject' | 'forward' | 'deny';
  readonly rule: string;
  readonly host: string;
  readonly covers: string;
  readonly origin: string;
  /** It comes from the organization, as every channel has it. */
  readonly everywhere: boolean;
}
