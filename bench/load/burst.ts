import { startInstallation } from '../../test/support/installation/installation.ts';
import type { Bench } from '../bench.ts';
import { channel, crowdOf } from './crowd.ts';

/** Slack takes some posts at once and then one a second in a channel. */
const AT_ONCE = 10;
const RATIO_BAR = 1.2;
/** Of the demo model's answers. */
const ANSWER = /Demo model/;

/** Many people ask in one channel at the same moment; Slack's limit alone forces some to wait. */
export function burst({ mentions }: { readonly mentions: number }): Bench {
  return {
    name: 'burst',
    what: `${mentions} mentions in one channel at once, until the last is answered`,
    async run() {
      await using bellhop = await startInstallation({ slack: { limitRates: true, more: crowdOf(1, 2) } });
      const warmUp = await bellhop.slack.post('ada', channel(1), '@bellhop\nsay first');
      await bellhop.slack.waitForAnswer(warmUp, ANSWER, 60_000);
      const began = performance.now();
      const seconds = await Promise.all(
        Array.from({ length: mentions }, async (_, n) => {
          const mention = await bellhop.slack.post('ada', channel(0), `@bellhop\nsay number ${n}`);
          await bellhop.slack.waitForAnswer(mention, ANSWER, 300_000);
          return (performance.now() - began) / 1_000;
        }),
      );
      const forced = Math.max(1, mentions - AT_ONCE);
      return [
        { what: 'a mention until its answer', unit: 's', samples: seconds },
        { what: 'what Slack forces for the last', unit: 's', samples: [forced] },
        {
          what: 'ratio of the last to that',
          unit: '×',
          samples: [Math.max(...seconds) / forced],
          bar: RATIO_BAR,
        },
      ];
    },
  };
}
