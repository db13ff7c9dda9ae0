import type { Database } from '../../../../store/database.ts';
import { BUSY, BUSY_TURN, sessionOfNumber } from './seed-million.ts';

/** One function of the store, called as it usually is. */
export type Call = (db: Database) => Promise<unknown>;
/** A thread like most; its one turn is long over. */
export const OLD = sessionOfNumber(400_000);
/** A thread that waits for its next message. */
export const RESTED = sessionOfNumber(999_500);
/** One whose turn is under way. */
export const WORKING = sessionOfNumber(999_990);
/** One whose turn waits for a place. */
export const WAITING = sessionOfNumber(999_850);
export const busy = { session: BUSY, turn: BUSY_TURN };
export const at = (step: number) => ({ ...busy, step });
export const fence = { run: 1, count: 2 };
