import { createPlaceSandbox } from '../../activities/place-sandbox.ts';
import { noteSettled } from '../../store/sandboxes.ts';
import { createTestDatabase } from '../../test/support/database.ts';
import { seedManyPlaces } from '../../test/support/many-places.ts';
import type { Bench } from '../bench.ts';

interface Sizes {
  /** Old threads whose files are kept on a runner. */
  readonly sessions: number;
  readonly turns: number;
}

const CHANNELS = 20;
const PLACES = 60;
const A_SECOND = 20;

/** Turns that all ask for a place at once, on two runners, beside many old threads. A place is freed as soon as it was taken. */
export function placements({ sessions, turns }: Sizes): Bench {
  return {
    name: 'placements',
    what: `${turns} turns ask for a place at once, beside ${sessions} old threads`,
    async run() {
      await using db = await createTestDatabase();
      let waiting = await seedManyPlaces(db.database, { sessions, turns, channels: CHANNELS, places: PLACES });
      const place = createPlaceSandbox({ database: db.database });
      const began = performance.now();
      while (waiting.length > 0) {
        const answers = await Promise.all(waiting.map(async (turn) => ({ turn, answer: await place(turn) })));
        waiting = [];
        for (const { turn, answer } of answers) {
          if ('runner' in answer) await noteSettled(db.database, answer.sandbox, 1);
          else waiting.push(turn);
        }
      }
      const seconds = (performance.now() - began) / 1_000;
      return [{ what: 'placements', unit: 'a second', samples: [turns / seconds], bar: A_SECOND, atLeast: true }];
    },
  };
}
