import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { SessionId } from '../../contracts/ids.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import type { SearchAttribute } from '../../contracts/search-attributes.ts';
import { type MessageSignal, SIGNALS, type StopSignal } from '../../contracts/signals.ts';

/** What a new session's workflow is started with, and what Temporal UI shows of it. */
export interface SessionStart {
  readonly session: SessionId;
  readonly team: string;
  readonly channel: string;
  readonly scope: ScopeKey;
  readonly requester: string;
  readonly permalink: string;
  /** `#ops · Ann` */
  readonly summary: string;
}

/** The way into a session's workflow. Resolves when Temporal has stored the signal, worker or no worker. */
export interface SessionSignals {
  /** Starts the session's workflow where none is open. */
  start(start: SessionStart, message: MessageSignal): Promise<void>;
  /** False when no workflow of the session is open. */
  message(session: SessionId, message: MessageSignal): Promise<boolean>;
  stop(session: SessionId, stop: StopSignal): Promise<boolean>;
  /** A question of the session's running turn is closed. */
  answered(session: SessionId): Promise<boolean>;
}

export interface SessionSignalsOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** @default 5000 */
  readonly timeoutMs?: number;
}

const WORKFLOW = 'threadSession';

/** Every call to Temporal ends after `timeoutMs`, with the client's own error. */
export function createSessionSignals({ client, taskQueue, timeoutMs = 5_000 }: SessionSignalsOptions): SessionSignals {
  const inTime = <T>(call: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + timeoutMs, call);

  const signal = async (
    session: SessionId,
    name: string,
    ...payload: (MessageSignal | StopSignal)[]
  ): Promise<boolean> => {
    try {
      await inTime(() => client.workflow.getHandle(session).signal(name, ...payload));
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  };

  return {
    async start(start, message) {
      await inTime(() =>
        client.workflow.signalWithStart(WORKFLOW, {
          taskQueue,
          workflowId: start.session,
          args: [{ session: start.session }],
          signal: SIGNALS.message,
          signalArgs: [message],
          typedSearchAttributes: [
            keyword('BellhopTeam', start.team),
            keyword('BellhopChannel', start.channel),
            keyword('BellhopScope', start.scope),
            keyword('BellhopRequester', start.requester),
            keyword('BellhopState', 'working'),
          ],
          // The summary again, since a run that takes over inherits only the memo.
          memo: { permalink: start.permalink, summary: start.summary },
          staticSummary: start.summary,
        }),
      );
    },
    message: (session, message) => signal(session, SIGNALS.message, message),
    stop: (session, stop) => signal(session, SIGNALS.stop, stop),
    answered: (session) => signal(session, SIGNALS.answered),
  };
}

function keyword(name: SearchAttribute, value: string) {
  return { key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD), value };
}
