import { randomUUID } from 'node:crypto';
import { putMessage, putReaction } from '../../store/outbox.ts';
import { refillBuckets } from '../../test/support/refill-buckets.ts';
import { everyText, type SimMessage } from '../../test/support/slack-simulator.ts';
import type { Bench } from '../bench.ts';
import type { Figure } from '../figures.ts';
import { channel, channelId } from './crowd.ts';
import { type Front, startFront } from './front.ts';

const TEAM = 'T000000ACME';
const BAR_MS = 2_000;

interface Sizes {
  readonly reactions: number;
  /** Messages that wait in one channel. */
  readonly messages: number;
  /** Channels in which one answer is due. */
  readonly quiet: number;
}

/** A final answer that is due among many other things, until people can see it. */
export function crowdedOutbox({ reactions, messages, quiet }: Sizes): Bench {
  return {
    name: 'outbox',
    what: `an answer is due beside ${reactions} reactions, and beside ${messages} messages of another channel`,
    async run() {
      await using front = await startFront({ people: 1, channels: quiet + 2 });
      const beside: number[] = [];
      await queueReactions(front, channel(0), reactions);
      // In the channel of the reactions, and in one that has none.
      for (const n of [0, 1]) beside.push(...(await answersSeen(front, [n])));
      await front.database.query('delete from outbox');
      await refillBuckets(front);
      await queueMessages(front, 0, messages);
      const others = Array.from({ length: quiet }, (_, n) => n + 2);
      const seen: Figure[] = [
        { what: `answer beside ${reactions} reactions`, unit: 'ms', samples: beside, read: 'max', bar: BAR_MS },
        {
          what: `answer in a quiet channel beside ${messages} messages in another`,
          unit: 'ms',
          samples: await answersSeen(front, others),
          read: 'max',
          bar: BAR_MS,
        },
      ];
      return seen;
    },
  };
}

async function queueReactions({ slack, database }: Front, place: string, count: number): Promise<void> {
  const posts: SimMessage[] = [];
  for (let n = 0; n < count; n += 1) posts.push(await slack.post('ada', place, `message ${n}`));
  await Promise.all(
    posts.map((post) =>
      putReaction(database, {
        key: `${post.ts}/reaction`,
        team: TEAM,
        channel: post.channel,
        threadTs: post.ts,
        body: { ts: post.ts, name: 'eyes' },
      }),
    ),
  );
}

async function queueMessages({ slack, database }: Front, place: number, count: number): Promise<void> {
  const posts: SimMessage[] = [];
  for (let n = 0; n < count; n += 1) posts.push(await slack.post('ada', channel(place), `message ${n}`));
  await Promise.all(posts.map((post) => answer({ database }, post, 'one of many')));
}

function answer({ database }: Pick<Front, 'database'>, post: SimMessage, text: string): Promise<boolean> {
  return putMessage(database, {
    key: `${post.ts}/answer/${randomUUID()}`,
    team: TEAM,
    channel: post.channel,
    threadTs: post.ts,
    body: { kind: 'answer', text },
    final: true,
  });
}

/** Puts one answer into each channel at the same time; milliseconds until each can be seen. */
async function answersSeen(front: Front, places: readonly number[]): Promise<number[]> {
  const threads = await Promise.all(places.map((n) => front.slack.post('ada', channelId(n), 'a question')));
  return Promise.all(
    threads.map(async (thread) => {
      const text = `the answer ${randomUUID()}`;
      const began = performance.now();
      await answer(front, thread, text);
      await front.slack.waitForAnswer(thread, (said) => everyText(said).includes(text), 60_000);
      return performance.now() - began;
    }),
  );
}
