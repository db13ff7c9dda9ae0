import { createEnding } from '../../../../activities/end-turn.ts';
import { createPlaceSandbox } from '../../../../activities/place-sandbox.ts';
import type { Placement } from '../../../../contracts/activities.ts';
import type { SessionId } from '../../../../contracts/ids.ts';
import type { Database } from '../../../../store/database.ts';
import { beat, type RunnerPart } from '../../../../store/runners.ts';
import { noteSettled } from '../../../../store/sandboxes.ts';
import { ensureSession } from '../../../../store/sessions.ts';
import { newSession, sayAndBegin } from './session.ts';

export interface Turn {
  readonly session: SessionId;
  readonly turn: number;
}

export type Placing = ReturnType<typeof createPlacing>;

/** Runners that beat, turns that ask for a place on them, and what their threads are told. */
export function createPlacing(database: Database) {
  let threads = 0;

  const runner = (id: string, capacity: number, lacks: readonly RunnerPart[] = []) =>
    beat(database, { id, capacity, runtime: 'runc', lacks });

  /** A turn that has begun. */
  async function begun(session?: SessionId): Promise<Turn> {
    const of = session ?? (await newSession(database));
    return { session: of, turn: await sayAndBegin(database, of, 'work') };
  }

  async function begunIn(channel: string): Promise<Turn> {
    threads += 1;
    const id: SessionId = `slack:T1:${channel}:1.${threads}`;
    await ensureSession(database, {
      id,
      scope: `channel:T1:${channel}`,
      principal: `agent@channel:T1:${channel}`,
      permalink: null,
    });
    return begun(id);
  }

  const place = (turn: Turn, needed = false) => createPlaceSandbox({ database })({ ...turn, needed });

  async function placed(turn: Turn): Promise<Placement> {
    const answer = await place(turn);
    if (!('runner' in answer)) throw new Error(`not placed: ${answer.waitsFor}`);
    return answer;
  }

  const end = (turn: Turn) => createEnding({ database }).endTurn({ ...turn, ending: 'failed', failure: 'Internal' });

  /** Ends a turn in order: its place is free afterwards, and its sandbox rests. */
  async function finish(turn: Turn): Promise<void> {
    const { sandbox } = await placed(turn);
    await end(turn);
    await noteSettled(database, sandbox, turn.turn);
  }

  async function told(session: SessionId): Promise<string[]> {
    const { rows } = await database.query<{ text: string }>(
      `select coalesce(body ->> 'text', body ->> 'what') as text from outbox
       where session = $1 and body ->> 'kind' in ('notice', 'working') order by id`,
      [session],
    );
    return rows.map(({ text }) => text);
  }

  /** The turn has been in line for so long. */
  const ages = (turn: Turn, seconds: number) =>
    database.query('update place_request set asked_at = now() - make_interval(secs => $2) where session = $1', [
      turn.session,
      seconds,
    ]);

  const requests = async () => (await database.query('select 1 from place_request')).rowCount;

  return { runner, begun, begunIn, place, placed, end, finish, told, ages, requests };
}
