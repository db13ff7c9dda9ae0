import type { SessionId } from './ids.ts';

/**
 * Why a late attempt cannot end, or change, a newer turn.
 *
 * Temporal may run two attempts of one activity at once: a process freezes, its attempt is given to another process,
 * and then the first one wakes up and goes on. The same happens to a run of a workflow that was terminated. So every
 * write says which work it belongs to, and PostgreSQL decides whether that is still the present work:
 *
 * 1. Each run of a session's workflow asks PostgreSQL once for a number (`openRun`). Numbers grow. A run gets its number
 *    before it writes anything, and a later run gets a higher one because it starts after the earlier one has ended.
 *    A run that takes over by continue-as-new goes on with the number and the count of the one before.
 * 2. The run counts its own askings for a turn: 1, 2, 3, … Run and count together are the fence. Both are in the
 *    workflow's history, so every attempt of one activity carries the same fence.
 * 3. Every write locks the row of the session first. All writers of a session therefore wait for each other.
 * 4. The row keeps the highest fence that was ever used. `beginTurn` compares its own with it under the lock. If its own is
 *    lower, a later asking was here first, and it changes nothing.
 * 5. If its own is higher, it writes it into the row. Then it ends the turn that an earlier asking left running, and begins
 *    the next one. At most one turn of a session runs at a time.
 * 6. Turn numbers are given under the same lock, and no later turn gets the number of an earlier one. So everything else
 *    that is written for a turn (its steps, its transcript, its files, its answer and its end) needs no fence: it names its
 *    turn by its number. Under the lock it asks whether that turn still runs. If it does not, the write changes nothing.
 *
 * Therefore a late attempt always meets a row that has moved on. It cannot end or change a newer turn, because it either
 * carries a lower fence (4) or names a turn that has ended (6).
 *
 * @example
 * // A late attempt to begin a turn. Run 7 asks with { run: 7, count: 3 } and freezes. It is terminated, and run 8 begins
 * // turn 5 with { run: 8, count: 1 }. The attempt of run 7 wakes up:
 * isOlder({ run: 7, count: 3 }, { run: 8, count: 1 }); // true, so `beginTurn` returns null
 *
 * @example
 * // A late attempt to end a turn. `endTurn` of turn 4 freezes, another attempt ends turn 4, and turn 5 begins. The first
 * // attempt wakes up. It asks for turn 4, which is not running any more, and changes nothing. It never names turn 5.
 */
export interface Fence {
  /** Given by `openRun`; 0 while the session has no row in PostgreSQL. */
  readonly run: number;
  /** The run's own count of its askings, from 1. */
  readonly count: number;
}

/** Whether `a` belongs to older work than `b`. A fence is not older than itself: attempts of one asking have the same. */
export function isOlder(a: Fence, b: Fence): boolean {
  return a.run < b.run || (a.run === b.run && a.count < b.count);
}

/**
 * Names an asking in the column `turn.claim` of the turn that it began.
 *
 * @example claimOf('slack:T1:C1:1.0', { run: 8, count: 1 }) // 'slack:T1:C1:1.0#8.1'
 */
export function claimOf(session: SessionId, { run, count }: Fence): string {
  return `${session}#${run}.${count}`;
}
