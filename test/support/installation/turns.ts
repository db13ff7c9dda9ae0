import { type SessionId, sessionIdOf } from '../../../contracts/ids.ts';
import type { SimMessage } from '../slack-simulator.ts';
import { until } from '../until.ts';
import type { Installation } from './installation.ts';

export const TEAM = 'T000000ACME';

export function sessionOf(message: Pick<SimMessage, 'channel' | 'ts' | 'threadTs'>): SessionId {
  return sessionIdOf({ team: TEAM, channel: message.channel, threadTs: message.threadTs ?? message.ts });
}

/** Waits until a turn of the message's thread has ended; returns how. */
export async function waitForTurn(
  { database }: Pick<Installation, 'database'>,
  message: Pick<SimMessage, 'channel' | 'ts' | 'threadTs'>,
  turn: number,
  withinMs = 60_000,
): Promise<{ readonly session: SessionId; readonly state: string; readonly failure: string | null }> {
  const session = sessionOf(message);
  let found: { state: string; failure: string | null } | undefined;
  await until(
    async () => {
      const { rows } = await database.query<{ state: string; failure: string | null }>(
        'select state, failure from turn where session = $1 and number = $2',
        [session, turn],
      );
      found = rows[0];
      return found !== undefined && found.state !== 'running';
    },
    `the end of turn ${turn} of ${session}`,
    withinMs,
  );
  if (!found) throw new Error('unreachable');
  return { session, ...found };
}

export interface SeenToolStep {
  readonly tool: string;
  readonly state: string;
  readonly exitCode: number | null;
  readonly output: string | null;
  readonly attempt: number;
  /** From its first attempt to its end. */
  readonly ms: number;
}

/** The tool calls of a thread's turn, in order. */
export async function toolSteps(
  { database }: Pick<Installation, 'database'>,
  message: Pick<SimMessage, 'channel' | 'ts' | 'threadTs'>,
  turn = 1,
): Promise<SeenToolStep[]> {
  const { rows } = await database.query<SeenToolStep>(
    `select tool, state, exit_code as "exitCode", output, attempt,
            extract(epoch from ended_at - started_at)::float8 * 1000 as ms from step
     where session = $1 and turn = $2 and kind = 'tool' order by number`,
    [sessionOf(message), turn],
  );
  return rows;
}
