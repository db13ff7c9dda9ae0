import { randomUUID } from 'node:crypto';
import {
  CatchUpLeaseLost,
  dropCatchUpLease,
  renewCatchUpLease,
  requestCatchUp,
  takeCatchUpLease,
} from '../../store/catch-up.ts';
import type { Queryable } from '../../store/database.ts';
import { hasLaterMessage } from '../../store/inbox.ts';
import { keepEntries } from '../../store/inbox-intake.ts';
import { beat, leave } from '../../store/slack-watermark.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import type { Directory } from '../people/directory.ts';
import { runCatchUp } from './catch-up-pass.ts';
import { incomingMessage } from './incoming.ts';
import type { HistoryMessage } from './read-conversations.ts';
import type { SocketConnection } from './socket-connection.ts';

export interface CatchUpTimes {
  /** How often the watermark moves on. @default 5000 */
  readonly everyMs?: number;
  /** A timer that comes later than this says that we were not there. @default 15000 */
  readonly lateMs?: number;
  /**
   * Read again before the watermark: what was on its way when it was written, and what clocks that differ hide. What is
   * read twice is stored once. @default 300000
   */
  readonly overlapMs?: number;
}

export interface CatchUpOptions extends CatchUpTimes {
  readonly db: Queryable;
  readonly calls: PacedCalls;
  readonly identity: SlackIdentity;
  readonly directory: Directory;
  readonly connection: Pick<SocketConnection, 'proof'>;
  readonly onKept: () => void;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

export interface CatchUp {
  /** There is a connection again: what was said in between may not have been sent to us. */
  connected(): void;
  /** An event came and could not be stored. */
  missed(): void;
  stop(): Promise<void>;
}

const RENEW_MS = 5_000;

/**
 * Reads from Slack what was said while nobody was sent it. Slack sends again what was not acknowledged, but how much of
 * a longer gap it sends is said in no documentation.
 *
 * The watermark is the moment up to which everything that Slack sent is stored. It moves only to the last *proof* of a
 * working connection (`SocketConnection.proof`), never to "now". Here is why "now" loses a mention:
 *
 * 1. The gateway is frozen, or its machine sleeps. Slack gives the connection up, and somebody mentions us.
 * 2. The gateway wakes. Its timer runs before anybody has told it that the connection is dead.
 * 3. The timer moves the watermark to "now", past the mention. Then the connection is found dead.
 * 4. On the next connection everything after the watermark is read, and the mention is before it.
 *
 * Therefore the watermark stays where the last proof is, a timer that comes late counts as a gap, and so does every new
 * connection. A gap is asked for in PostgreSQL (`requestCatchUp`); one gateway at a time closes the gaps of all.
 */
export function createCatchUp(options: CatchUpOptions): CatchUp {
  const { db, identity, connection, log, everyMs = 5_000, lateMs = 15_000, overlapMs = 300_000 } = options;
  const { team } = identity;
  const gateway = randomUUID();
  const stopping = new AbortController();
  /** Something may be lost, and nobody was asked to read it yet. */
  let gap = false;
  /** What was asked for: our own watermark stands still until everything up to then was read. */
  let askedUntil: Date | null = null;
  /** The last proof that was written, and of which connection it was. */
  let heard: Date | null = null;
  let counted: number | null = null;
  let lookedAt = clocks();
  let ticking: Promise<void> | null = null;
  let tickAgain = false;
  let passing: Promise<void> | null = null;

  /** The wall clock goes on while a machine sleeps, the monotonic one cannot be set. Either says that we were away. */
  const wasAway = (): boolean => {
    const now = clocks();
    const longest = Math.max(now.wall - lookedAt.wall, now.monotonic - lookedAt.monotonic);
    lookedAt = now;
    return longest > everyMs + lateMs;
  };

  const look = async (): Promise<void> => {
    if (wasAway()) gap = true;
    const proof = connection.proof();
    if (!proof) return;
    if (proof.connection !== counted) gap = true;
    if (gap) {
      gap = false;
      try {
        askedUntil = await requestCatchUp(db, team, gateway, ageOf(heard));
        counted = proof.connection;
      } catch (error) {
        gap = true;
        throw error;
      }
    }
    const seen = askedUntil ? null : proof.until;
    heard = seen ?? heard;
    const { neededUntil, doneUntil, lost } = await beat(db, team, gateway, ageOf(seen));
    const isWaiting = neededUntil !== null && neededUntil > (doneUntil ?? 0);
    if (askedUntil && doneUntil && doneUntil >= askedUntil) askedUntil = null;
    if (isWaiting) passing ??= pass();
    // Another gateway has died. Whatever Slack sent to it at last was sent to nobody.
    else if (lost) await requestCatchUp(db, team, gateway, ageOf(heard));
  };

  const pass = async (): Promise<void> => {
    let hasEnded = false;
    try {
      const lease = await takeCatchUpLease(db, team, gateway);
      if (!lease) return;
      const ended = new AbortController();
      const renewal = setInterval(() => {
        renewCatchUpLease(db, lease).catch((error) => {
          if (error instanceof CatchUpLeaseLost) ended.abort(error);
        });
      }, RENEW_MS);
      try {
        const signal = AbortSignal.any([stopping.signal, ended.signal]);
        const kept = await runCatchUp({ ...options, team, overlapMs, keep: keepMessage }, lease, signal);
        if (kept > 0) log.info({ kept }, 'caught up with messages that were not sent to us');
      } finally {
        clearInterval(renewal);
        await dropCatchUpLease(db, lease);
      }
      hasEnded = true;
    } catch (error) {
      if (!stopping.signal.aborted) log.warn({ reason: String(error) }, 'catching up did not end; trying again');
    } finally {
      passing = null;
      // The watermark may move again, and perhaps more was asked for at the last moment.
      if (hasEnded) tick();
    }
  };

  const keepMessage = async (channel: string, message: HistoryMessage, since: Date): Promise<boolean> => {
    // 1. A message from before `since` was heard as it was written. Its edit starts nothing, so it is left out here.
    // 2. A later one was not heard. It is kept as it reads now, edited or not, because nobody but Slack knows how it was.
    if (message.edited && Number(message.ts) * 1_000 < since.getTime()) return false;
    const event = { type: 'message', ...message, channel, ...(channel.startsWith('D') ? { channel_type: 'im' } : {}) };
    const incoming = incomingMessage(event, `catch-up:${team}:${channel}:${message.ts}`, identity);
    if (!incoming) return false;
    // A stop from back then is not meant for what was asked since.
    if (incoming.entry.kind === 'stop' && (await hasLaterMessage(db, incoming.entry))) return false;
    if ((await keepEntries(db, [incoming]))[0] !== 'new') return false;
    options.onKept();
    return true;
  };

  const tick = (): void => {
    tickAgain = true;
    if (ticking || stopping.signal.aborted) return;
    tickAgain = false;
    ticking = look()
      .catch((error) => log.warn({ reason: String(error) }, 'the watermark could not be written'))
      .finally(() => {
        ticking = null;
        if (tickAgain) tick();
      });
  };

  const timer = setInterval(tick, everyMs);
  return {
    connected: tick,
    missed() {
      gap = true;
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await Promise.all([ticking, passing]);
      await leave(db, team, gateway).catch(() => {});
    },
  };
}

/** Milliseconds since then. Clocks of two machines may differ, and the age of a proof does not. */
function ageOf(proof: Date | null): number | null {
  return proof && Math.max(0, Date.now() - proof.getTime());
}

function clocks(): { readonly wall: number; readonly monotonic: number } {
  return { wall: Date.now(), monotonic: performance.now() };
}
