import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../test/support/until.ts';
import type { Bench } from '../bench.ts';
import { channel } from './crowd.ts';
import { startFront } from './front.ts';

const CHANNELS = 20;
const WITHIN_MS = 1_000;
/** Slack sends an event again when it was not acknowledged for three seconds. */
const ACKNOWLEDGED_MS = 3_000;
/** So many of a hundred events are stored within 20 ms, as the gateway itself measures it: the promise is p95 ≤ 20 ms. */
const STORED_IN_TIME = 95;

/** Mentions that all come within one second, until Slack has the acknowledgement that each of them is stored. */
export function storing({ mentions }: { readonly mentions: number }): Bench {
  return {
    name: 'storing',
    what: `${mentions} mentions within a second, until each is stored and acknowledged`,
    async run() {
      await using front = await startFront({ people: 1, channels: CHANNELS });
      const { slack } = front;
      // The first ones open connections and look people and channels up. What they set off is over before the crowd comes.
      for (let n = 0; n < CHANNELS; n += 1) {
        const first = await slack.post('ada', channel(n), '@bellhop first');
        await slack.waitForReaction(first);
      }
      const before = (await slack.deliveries()).length;
      const earlier = await front.storing();
      const posts: Promise<unknown>[] = [];
      const began = performance.now();
      for (let n = 0; n < mentions; n += 1) {
        const due = began + (n * WITHIN_MS) / mentions;
        if (due > performance.now()) await pause(due - performance.now());
        posts.push(slack.post('ada', channel(n % CHANNELS), `@bellhop question ${n}`));
      }
      await Promise.all(posts);
      const took = (performance.now() - began) / 1_000;
      const acknowledged = async () => (await slack.deliveries()).slice(before).every((one) => one.acknowledged);
      await until(acknowledged, 'every event to be acknowledged', 30_000);
      // What the app itself says comes as an event too, and may be on its way.
      const samples = (await slack.deliveries()).slice(before).flatMap(({ ackMs }) => (ackMs === null ? [] : [ackMs]));
      const stored = await front.storing();
      const share = (100 * (stored.within20Ms - earlier.within20Ms)) / (stored.all - earlier.all);
      return [
        { what: 'stored within 20 ms of the receipt', unit: '%', samples: [share], bar: STORED_IN_TIME, atLeast: true },
        { what: 'acknowledged, as Slack sees it', unit: 'ms', samples, read: 'max', bar: ACKNOWLEDGED_MS },
        { what: 'all were posted within', unit: 's', samples: [took] },
      ];
    },
  };
}
