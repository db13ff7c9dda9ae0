import type { Queryable } from '../../store/database.ts';
import { hasLaterMessage } from '../../store/inbox.ts';
import { recentDms, recentThreads } from '../../store/recent-places.ts';
import { getWatermark, setWatermark } from '../../store/slack-watermark.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import type { Directory } from '../people/directory.ts';
import { incomingMessage } from './incoming.ts';
import { keep } from './keep-incoming.ts';
import { type HistoryMessage, readHistory } from './read-history.ts';
import type { SocketConnection } from './socket-connection.ts';

export interface CatchUpOptions {
  readonly db: Queryable;
  readonly calls: PacedCalls;
  readonly identity: SlackIdentity;
  readonly directory: Directory;
  readonly connection: Pick<SocketConnection, 'isConnected'>;
  readonly now: () => Date;
  readonly onKept: () => void;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  /** How often the watermark moves on. @default 5000 */
  readonly everyMs?: number;
}

export interface CatchUp {
  /** There is a connection again: what was said in between may not have been sent to us. */
  connected(): void;
  /** An event came and could not be stored. */
  missed(): void;
  stop(): Promise<void>;
}

/** Work of yesterday is not begun today without anybody asking again. */
const LONGEST_GAP_MS = 24 * 60 * 60_000;
/** What was on its way when the watermark was written; what is read twice is stored once. */
const OVERLAP_MS = 60_000;
/** Threads that were quiet for longer are not read again. */
const THREAD_LIFE_MS = 7 * 24 * 60 * 60_000;
/** There may be thousands of DMs: read are those somebody uses. */
const DM_LIFE_MS = 30 * 24 * 60 * 60_000;

/**
 * Reads from Slack what was said while we were not connected. Slack sends again what was not acknowledged, but how
 * much of a longer gap it sends is said in no documentation. Read are the channels we are in, the DMs of the last
 * month and the threads we have joined; a first mention in an older thread without us is found only if its thread began within the gap.
 */
export function createCatchUp(options: CatchUpOptions): CatchUp {
  const { db, identity, directory, connection, now, log, everyMs = 5_000 } = options;
  const stopping = new AbortController();
  let wanted = false;
  let running: Promise<void> | null = null;

  const pass = async (): Promise<void> => {
    const began = now();
    const since = await getWatermark(db, identity.team);
    // At the very first start nobody has waited for us.
    if (since) {
      const oldest = new Date(Math.max(since.getTime() - OVERLAP_MS, began.getTime() - LONGEST_GAP_MS));
      const channels = await directory.sync(stopping.signal);
      const dms = await recentDms(db, identity.team, new Date(began.getTime() - DM_LIFE_MS));
      const kept = await readSince(options, [...channels, ...dms], { oldest, since }, stopping.signal);
      if (kept > 0) log.info({ kept }, 'caught up with messages that were not sent to us');
    } else {
      await directory.sync(stopping.signal);
    }
    await setWatermark(db, identity.team, began);
  };

  const run = async (): Promise<void> => {
    while (wanted && !stopping.signal.aborted) {
      wanted = false;
      try {
        await pass();
      } catch (error) {
        wanted = true;
        log.warn({ reason: String(error) }, 'catching up did not end; trying again');
        return;
      }
    }
  };

  const tick = (): void => {
    if (running || stopping.signal.aborted || !connection.isConnected()) return;
    const work = wanted ? run() : setWatermark(db, identity.team, now());
    running = work
      .catch((error) => log.warn({ reason: String(error) }, 'the watermark could not be written'))
      .finally(() => {
        running = null;
      });
  };

  const timer = setInterval(tick, everyMs);
  return {
    connected() {
      wanted = true;
      tick();
    },
    missed() {
      wanted = true;
    },
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await running;
    },
  };
}

/** The time in which something may have been said that we did not hear. */
interface Gap {
  /** Read from here on. */
  readonly oldest: Date;
  /** What was said before this was heard, but for what was on its way. */
  readonly since: Date;
}

/** Returns how many messages were new. */
async function readSince(
  options: CatchUpOptions,
  channels: readonly string[],
  gap: Gap,
  signal: AbortSignal,
): Promise<number> {
  const { db, identity, now, calls, log } = options;
  const threads = new Map<string, { channel: string; threadTs: string }>();
  const thread = (channel: string, threadTs: string): void => {
    threads.set(`${channel}:${threadTs}`, { channel, threadTs });
  };
  const read = { calls, log, oldest: gap.oldest, signal };
  let kept = 0;
  for (const channel of channels) {
    for (const message of await readHistory(read, { channel })) {
      kept += await keepMessage(options, channel, message, gap);
      if (message.latest_reply && message.ts) thread(channel, message.ts);
    }
  }
  const alive = new Date(now().getTime() - THREAD_LIFE_MS);
  for (const { channel, threadTs } of await recentThreads(db, identity.team, alive)) thread(channel, threadTs);
  for (const { channel, threadTs } of threads.values()) {
    for (const message of await readHistory(read, { channel, threadTs })) {
      kept += await keepMessage(options, channel, message, gap);
    }
  }
  return kept;
}

async function keepMessage(
  options: CatchUpOptions,
  channel: string,
  message: HistoryMessage,
  { since }: Gap,
): Promise<number> {
  const { db, identity, onKept } = options;
  // Of what we heard, an edit starts nothing. What we did not hear is as it reads now: only Slack knows how it was.
  if (message.edited && Number(message.ts) * 1_000 < since.getTime()) return 0;
  const event = { type: 'message', ...message, channel, ...(channel.startsWith('D') ? { channel_type: 'im' } : {}) };
  const incoming = incomingMessage(event, `catch-up:${identity.team}:${channel}:${message.ts}`, identity);
  if (!incoming) return 0;
  // A stop from back then is not meant for what was asked since.
  if (incoming.entry.kind === 'stop' && (await hasLaterMessage(db, incoming.entry))) return 0;
  if (!(await keep(db, incoming))) return 0;
  onKept();
  return 1;
}
