import type { LeaseEpoch } from './egress.ts';
import type { FailureType } from './failures.ts';
import type { SessionId } from './ids.ts';
import type { SessionState } from './search-attributes.ts';

/** One change of state that an operator may want to follow. Ids only: never what somebody said. */
export type StateChange =
  | { readonly of: 'session'; readonly to: SessionState; readonly session: SessionId }
  | {
      readonly of: 'turn';
      readonly to: 'running' | 'answered' | 'stopped' | 'limit' | 'failed';
      readonly session: SessionId;
      readonly turn: number;
      /** Only of a failed turn. */
      readonly failure?: FailureType | undefined;
    }
  | {
      readonly of: 'sandbox';
      readonly to: 'placed' | 'running' | 'paused' | 'removed';
      readonly sandbox: string;
      readonly runner: string;
      readonly session?: SessionId;
    }
  | {
      readonly of: 'lease';
      readonly to: 'open' | 'closed' | 'expired' | 'superseded';
      readonly sandbox: string;
      readonly session: SessionId;
      readonly epoch: LeaseEpoch;
    }
  | {
      readonly of: 'outbox';
      readonly to: 'sent' | 'failed';
      readonly id: string;
      readonly kind: string;
      /** Slack's code, of a row that was given up. */
      readonly code?: string;
    };

/** What {@link noteChange} needs of a log. */
export interface ChangeLog {
  info(fields: { readonly change: StateChange }, message: string): void;
}

/**
 * Writes the one log line of a state change, once the change is stored. The metrics of the process count the same lines, so that
 * log and metrics cannot disagree (workers/signals).
 *
 * @param log without one, nothing is written
 * @example
 * noteChange(log, { of: 'turn', to: 'answered', session, turn: 3 });
 * // {"level":30,"name":"agent","change":{"of":"turn","to":"answered","session":"slack:…","turn":3},"msg":"turn answered"}
 */
export function noteChange(log: ChangeLog | undefined, change: StateChange): void {
  log?.info({ change }, `${change.of} ${change.to}`);
}
