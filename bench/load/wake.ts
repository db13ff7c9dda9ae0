import { startInstallation } from '../../test/support/installation/installation.ts';
import { toolSteps, waitForTurn } from '../../test/support/installation/turns.ts';
import type { SimMessage } from '../../test/support/slack-simulator.ts';
import { until } from '../../test/support/until.ts';
import type { Bench } from '../bench.ts';
import { channel, crowdOf } from './crowd.ts';

interface Sizes {
  readonly threads: number;
  /** Sandboxes that the runner holds at once. */
  readonly places: number;
}

const CHANNELS = 8;

/**
 * Threads that were put away long ago, more of them than the runner has places, are all asked for something at once. Each finds its
 * files again, and none fails.
 */
export function wake({ threads, places }: Sizes): Bench {
  return {
    name: 'wake',
    what: `${threads} old threads woken at once on a runner of ${places}`,
    async run() {
      await using bellhop = await startInstallation({
        slack: { more: crowdOf(1, CHANNELS) },
        environment: {
          BELLHOP_SANDBOXES: String(places),
          BELLHOP_SANDBOX_MEMORY_MB: '128',
          BELLHOP_PAUSE_AFTER_SECONDS: '1',
          BELLHOP_REMOVE_AFTER_SECONDS: '1',
        },
      });
      const old: SimMessage[] = [];
      for (let n = 0; n < threads; n += 1) {
        old.push(await bellhop.slack.post('ada', channel(n % CHANNELS), `@bellhop\n$ echo ${n} > mine`));
      }
      await Promise.all(old.map((thread) => waitForTurn(bellhop, thread, 1, 300_000)));
      const resting = async () => {
        const { rows } = await bellhop.database.query<{ busy: number }>(
          "select count(*)::int as busy from sandbox where state <> 'removed'",
        );
        return rows[0]?.busy === 0;
      };
      await until(resting, 'every thread to be put away', 120_000);

      const began = performance.now();
      const ends = await Promise.all(
        old.map(async (thread) => {
          const options = { threadTs: thread.ts };
          await bellhop.slack.post('ada', thread.channel, '@bellhop\n$ cat mine', options);
          const { state } = await waitForTurn(bellhop, thread, 2, 300_000);
          return { state, seconds: (performance.now() - began) / 1_000 };
        }),
      );
      const outputs = await Promise.all(old.map((thread) => toolSteps(bellhop, thread, 2)));
      const kept = outputs.filter(([step], n) => step?.output === `${n}\n`).length;
      return [
        { what: 'woken until answered', unit: 's', samples: ends.map(({ seconds }) => seconds) },
        {
          what: 'threads answered',
          unit: 'messages',
          samples: [ends.filter(({ state }) => state === 'answered').length],
          bar: threads,
          atLeast: true,
        },
        { what: 'threads that found their files', unit: 'messages', samples: [kept], bar: threads, atLeast: true },
      ];
    },
  };
}
