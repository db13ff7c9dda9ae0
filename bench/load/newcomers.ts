import { until } from '../../test/support/until.ts';
import type { Bench } from '../bench.ts';
import { channel, person } from './crowd.ts';
import { startFront } from './front.ts';

/** Slack's limit of `users.info` is tier 4: a hundred calls a minute. One call for each person takes that long. */
const LOOKUPS_A_MINUTE = 100;
const CHANNELS = 10;

/**
 * People whom Bellhop has never seen mention it in the same second. Slack lets it look up some of them at once and the others later;
 * nobody may be refused for that.
 */
export function newcomers({ people }: { readonly people: number }): Bench {
  return {
    name: 'newcomers',
    what: `${people} people whom nobody knows yet mention the agent at once`,
    async run() {
      await using front = await startFront({ people, channels: CHANNELS });
      const began = performance.now();
      await Promise.all(
        Array.from({ length: people }, (_, n) =>
          front.slack.post(person(n), channel(n % CHANNELS), `@bellhop question ${n}`),
        ),
      );
      const waitMs = 60_000 + (people / LOOKUPS_A_MINUTE) * 60_000;
      const open = async (): Promise<number> => {
        const { rows } = await front.database.query<{ open: number }>(
          `select count(*)::int as open from inbox where state = 'received' or (state = 'delivered' and delivered_at is null)`,
        );
        return rows[0]?.open ?? 0;
      };
      await until(async () => (await open()) === 0, 'everybody to be heard or refused', waitMs);
      const took = (performance.now() - began) / 1_000;
      const { rows } = await front.database.query<{ refused: number; heard: number }>(
        `select count(*) filter (where state = 'refused')::int as refused,
                count(*) filter (where state = 'delivered')::int as heard from inbox`,
      );
      const { refused = people, heard = 0 } = rows[0] ?? {};
      return [
        { what: 'refused', unit: 'people', samples: [refused], bar: 0 },
        { what: 'heard', unit: 'people', samples: [heard], bar: people, atLeast: true },
        { what: 'until everybody was heard', unit: 's', samples: [took] },
      ];
    },
  };
}
