import { findKnownChannel, type KnownChannel } from '../../access/find-channel.ts';
import { threadOf } from '../../contracts/ids.ts';

/** A Slack message that an operator names. */
export interface MessageRef {
  readonly channel: string;
  readonly ts: string;
  /** The ts of its thread, if the reference has it. */
  readonly threadTs: string | null;
}

const PERMALINK = /\/archives\/([A-Z0-9]+)\/p(\d{10})(\d{6})/;
const TS = /^\d{10}\.\d{6}$/;

/**
 * Reads a permalink ("Copy link" in Slack), a session's id, or a channel with a message's ts.
 *
 * @throws Error that lists the accepted forms
 */
export function messageRef(where: string, ts: string | undefined, channels: readonly KnownChannel[]): MessageRef {
  if (ts !== undefined) return inChannel(where, ts, channels);
  if (where.startsWith('slack:')) {
    const { channel, threadTs } = threadOf(where as `slack:${string}:${string}:${string}`);
    return { channel, ts: threadTs, threadTs };
  }
  const [, channel, seconds, micros] = PERMALINK.exec(where) ?? [];
  if (!channel) {
    throw new Error(`${where} is no link to a message of Slack; give one, a session's id, or a channel and a ts`);
  }
  const thread = URL.canParse(where) ? new URL(where).searchParams.get('thread_ts') : null;
  return { channel, ts: `${seconds}.${micros}`, threadTs: thread && TS.test(thread) ? thread : null };
}

function inChannel(name: string, ts: string, channels: readonly KnownChannel[]): MessageRef {
  if (!TS.test(ts)) throw new Error(`${ts} is no ts of a message, such as 1712345678.000100`);
  // Direct messages have only an id, no name.
  if (/^D[A-Z0-9]+$/.test(name)) return { channel: name, ts, threadTs: null };
  const found = findKnownChannel(name, channels, null);
  if ('problem' in found) throw new Error(found.problem);
  return { channel: found.channel.id, ts, threadTs: null };
}
