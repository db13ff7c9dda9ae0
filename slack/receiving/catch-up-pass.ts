import {
  type CatchUpLease,
  catchUpProgress,
  finishCatchUp,
  renewCatchUpLease,
  saveChannelRead,
  saveThreadRead,
} from '../../store/catch-up.ts';
import type { Queryable } from '../../store/database.ts';
import { type RecentThread, recentDms, recentThreads } from '../../store/recent-places.ts';
import { oldestWatermark } from '../../store/slack-watermark.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import type { Directory } from '../people/directory.ts';
import { dmsWithFirstMessages, listDms } from './list-dms.ts';
import { type HistoryMessage, readChannel, readThread } from './read-conversations.ts';
import { type Conversation, type ConversationKind, createReadingList } from './reading-list.ts';

export interface PassOptions {
  readonly db: Queryable;
  readonly team: string;
  readonly calls: PacedCalls;
  readonly directory: Pick<Directory, 'sync'>;
  readonly log: { warn(fields: object, message: string): void };
  /** What was on its way when the watermark was written; what is read twice is stored once. */
  readonly overlapMs: number;
  /** Keeps a message that was said in `channel`. Before `since` everything was heard. True when it was new. */
  readonly keep: (channel: string, message: HistoryMessage, since: Date) => Promise<boolean>;
}

/** Work of yesterday is not begun today without anybody asking again. */
const LONGEST_GAP_MS = 24 * 60 * 60_000;
/** Threads that were quiet for longer are not looked at again. */
const THREAD_LIFE_MS = 7 * 24 * 60 * 60_000;
/** A thread that was busy so shortly before the gap is read at once. */
const BUSY_MS = 60 * 60_000;
/** There may be thousands of DMs: read are those somebody uses. */
const DM_LIFE_MS = 30 * 24 * 60 * 60_000;
/** Reads at once of either kind; Slack counts channels and threads apart. More would only wait for the limit. */
const WIDTH = 4;

/**
 * Reads every conversation that may have something new, until nothing more is asked for, then moves the watermark.
 *
 * @returns how many messages were new
 * @throws CatchUpLeaseLost when another gateway has taken over
 */
export async function runCatchUp(options: PassOptions, lease: CatchUpLease, signal: AbortSignal): Promise<number> {
  const { db, team, directory, overlapMs, log } = options;
  const list = createReadingList();
  const underWay = new Map<Conversation, Promise<void>>();
  const listings = new Set<Promise<void>>();
  let ours = new Map<string, RecentThread[]>();
  let since: Date | null = null;
  let target = new Date(0);
  let kept = 0;
  const failed: unknown[] = [];

  /** Before the list of channels comes from Slack, those we were active in are known, and read at once. */
  const extend = async (until: Date): Promise<void> => {
    target = until;
    const before = await oldestWatermark(db, team);
    if (before && since && before < since) list.forget();
    since = before ? new Date(Math.max(before.getTime(), until.getTime() - LONGEST_GAP_MS)) : null;
    const listing = directory
      .sync(signal)
      .then((channels) => {
        // At the very first start nobody has waited for us.
        if (since) for (const channel of channels) list.add({ channel });
      })
      .catch((error) => void failed.push(error))
      .finally(() => listings.delete(listing));
    listings.add(listing);
    if (!since) return;
    const from = since;
    const found = await recentThreads(db, team, new Date(until.getTime() - THREAD_LIFE_MS));
    ours = Map.groupBy(found, (thread) => thread.channel);
    for (const thread of found) {
      list.add({ channel: thread.channel, activeAt: thread.activeAt });
      if (thread.activeAt.getTime() > from.getTime() - BUSY_MS) list.want({ ...thread, readFrom: from }, until);
    }
    const dms = await recentDms(db, team, new Date(until.getTime() - DM_LIFE_MS));
    for (const dm of dms) list.add(dm);
    // The inbox does not know the DM of somebody whose first message we were not sent. Slack does.
    const known = new Set(dms.map((dm) => dm.channel));
    const dmListing = listDms({ calls: options.calls, signal, log })
      .then((listed) => {
        const opened = new Date(from.getTime() - overlapMs);
        for (const dm of dmsWithFirstMessages(listed, known, opened)) {
          list.add({ channel: dm.channel, activeAt: dm.openedAt });
        }
      })
      .catch((error) => void failed.push(error))
      .finally(() => listings.delete(dmListing));
    listings.add(dmListing);
    for (const { channel, threadTs, readUntil } of await catchUpProgress(db, team)) {
      if (threadTs) list.want({ channel, threadTs, activeAt: readUntil, readFrom: readUntil }, until);
      else list.read(list.add({ channel }), readUntil);
    }
  };

  const read = async (conversation: Conversation): Promise<void> => {
    const { now, neededUntil } = await renewCatchUpLease(db, lease);
    if (neededUntil > target) await extend(neededUntil);
    const { channel } = conversation;
    const from = since;
    const heard = new Date(Math.max(conversation.readUntil?.getTime() ?? 0, from?.getTime() ?? 0));
    const oldest = new Date(heard.getTime() - overlapMs);
    const take = async (message: HistoryMessage): Promise<void> => {
      if (await options.keep(channel, message, heard)) kept += 1;
    };
    const how = { calls: options.calls, signal, log, take };
    if (conversation.threadTs === null) {
      const known = (ours.get(channel) ?? []).map((thread) => thread.threadTs);
      const threads = await readChannel(how, channel, oldest, known);
      // The gap turned out to begin earlier: the channel is read again, from there.
      if (from && since && since < from) return;
      const wanted = threads.map((threadTs) => ({ channel, threadTs, activeAt: now, readFrom: heard }));
      await saveChannelRead(db, lease, channel, now, wanted);
      for (const thread of wanted) list.want(thread, target);
      list.read(conversation, now);
    } else {
      list.read(conversation, now);
      await readThread(how, channel, conversation.threadTs, oldest);
      // Another look at its channel may have found something newer in it meanwhile.
      if (!conversation.isWanted) await saveThreadRead(db, lease, channel, conversation.threadTs);
    }
  };

  const begin = (kind: ConversationKind): boolean => {
    const busy = [...underWay.keys()].filter((conversation) => conversation.kind === kind);
    if (busy.length >= WIDTH) return false;
    const conversation = list.next(kind, target, (one) => !underWay.has(one));
    if (!conversation) return false;
    const done = read(conversation)
      .catch((error) => {
        // One conversation that Slack cannot show now must not keep the others from being read.
        list.fail(conversation);
        failed.push(error);
      })
      .finally(() => underWay.delete(conversation));
    underWay.set(conversation, done);
    return true;
  };

  try {
    await extend((await renewCatchUpLease(db, lease)).neededUntil);
    for (;;) {
      signal.throwIfAborted();
      while (begin('channel') || begin('thread'));
      const busy = [...underWay.values(), ...listings];
      if (busy.length > 0) {
        await Promise.race(busy);
        continue;
      }
      if (failed.length > 0) throw failed[0];
      if (await finishCatchUp(db, lease, target)) return kept;
      await extend((await renewCatchUpLease(db, lease)).neededUntil);
    }
  } finally {
    await Promise.allSettled([...underWay.values(), ...listings]);
  }
}
