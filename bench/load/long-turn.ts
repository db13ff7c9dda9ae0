import { startInstallation } from '../../test/support/installation/installation.ts';
import { sessionOf, waitForTurn } from '../../test/support/installation/turns.ts';
import type { Bench } from '../bench.ts';
import { summarise } from '../figures.ts';

const RATIO_BAR = 1.2;
/** Steps that are compared at each end; the first few also start the sandbox. */
const WINDOW = 40;
const SKIPPED = 10;

/** One turn that goes on and on: what a step at its end costs, against one at its beginning. */
export function longTurn({ steps }: { readonly steps: number }): Bench {
  return {
    name: 'long-turn',
    what: `a turn of ${steps} steps: its last steps against its first`,
    async run() {
      await using bellhop = await startInstallation({
        environment: { BELLHOP_TURN_STEPS: String(steps + 10), BELLHOP_TURN_TOKENS: '1000000000' },
      });
      // A line is one model call and one tool call. No two are the same, because a turn that only repeats itself is ended.
      const script = Array.from({ length: steps / 2 }, (_, n) => `$ true ${n}`).join('\n');
      const mention = await bellhop.slack.post('ada', '#general', `@bellhop\n${script}`);
      const { state } = await waitForTurn(bellhop, mention, 1, 900_000);
      if (state !== 'answered') throw new Error(`the turn ended as ${state}`);
      const { rows } = await bellhop.database.query<{ ms: number }>(
        `select extract(epoch from lead(started_at) over (order by number) - started_at)::float8 * 1000 as ms
         from step where session = $1 and turn = 1 order by number`,
        [sessionOf(mention)],
      );
      // A model step and its tool step are one pair: the two kinds cost differently.
      const pairs = rows.slice(0, -1).flatMap(({ ms }, at) => (at % 2 === 1 ? [ms + (rows[at - 1]?.ms ?? 0)] : []));
      const first = pairs.slice(SKIPPED / 2, SKIPPED / 2 + WINDOW / 2);
      const last = pairs.slice(-WINDOW / 2);
      return [
        { what: `two steps near step ${SKIPPED}`, unit: 'ms', samples: first },
        { what: `two steps near step ${steps}`, unit: 'ms', samples: last },
        {
          what: 'ratio of their medians',
          unit: '×',
          samples: [summarise(last).median / summarise(first).median],
          bar: RATIO_BAR,
        },
      ];
    },
  };
}
