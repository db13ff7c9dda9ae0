import type { Bench } from '../bench.ts';
import { burst } from './burst.ts';
import { crowdedOutbox } from './crowded-outbox.ts';
import { longTurn } from './long-turn.ts';
import { newcomers } from './newcomers.ts';
import { placements } from './placements.ts';
import { rest } from './rest.ts';
import { storing } from './storing.ts';
import { wake } from './wake.ts';

/** Everything at its full size, in the order it runs. */
export const SCENARIOS: readonly Bench[] = [
  newcomers({ people: 500 }),
  crowdedOutbox({ reactions: 1_500, messages: 400, quiet: 10 }),
  storing({ mentions: 200 }),
  burst({ mentions: 30 }),
  placements({ sessions: 300_000, turns: 200 }),
  wake({ threads: 80, places: 60 }),
  longTurn({ steps: 1_000 }),
  rest({ threads: 1_000, settleMs: 60_000 }),
];

/** The same at a size that the tests can afford. */
export const SHORT_SCENARIOS: readonly Bench[] = [
  newcomers({ people: 120 }),
  crowdedOutbox({ reactions: 300, messages: 60, quiet: 5 }),
  storing({ mentions: 100 }),
  // As large as in full: what starting sandboxes costs is a fixed time, which a smaller burst would have to carry alone.
  burst({ mentions: 30 }),
  placements({ sessions: 10_000, turns: 60 }),
  wake({ threads: 8, places: 6 }),
  longTurn({ steps: 200 }),
  rest({ threads: 60, settleMs: 5_000 }),
];
