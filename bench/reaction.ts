import { waitForTurn } from '../test/support/installation/turns.ts';
import { refillBuckets } from '../test/support/refill-buckets.ts';
import type { Bench } from './bench.ts';

const BAR_MS = 300;
const WARM_UP = 2;

/**
 * Each round is a mention in a thread of its own, as a person's first word to the agent: it starts a workflow and a
 * sandbox, whose work competes with the reaction for the machine.
 */
export const reaction: Bench = {
  name: 'reaction',
  what: 'a mention until its reaction is in Slack',
  async run(stage) {
    const bellhop = await stage.installation();
    const samples: number[] = [];
    for (let round = 0; round < stage.rounds(30) + WARM_UP; round += 1) {
      await refillBuckets(bellhop);
      const began = performance.now();
      const mention = await bellhop.slack.post('ada', '#general', '@bellhop\nsay Good morning');
      await bellhop.slack.waitForReaction(mention);
      if (round >= WARM_UP) samples.push(performance.now() - began);
      await waitForTurn(bellhop, mention, 1);
    }
    return [{ what: 'mention until reaction', unit: 'ms', samples, read: 'p95', bar: BAR_MS }];
  },
};
