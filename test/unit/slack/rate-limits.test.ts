import fc from 'fast-check';
import { createRateLimiter } from '../../../simulators/slack/api/rate-limits.ts';
import { ARRIVAL_SPREAD_S, PER_CHANNEL, SLACK_LIMITS } from '../../../slack/api/rate-limits.ts';
import type { BucketSize } from '../../../store/rate-bucket.ts';

const TIMERS = { after: () => {}, every: () => {}, stop: () => {} } as never;

/** When calls leave, in seconds, if each leaves as soon as it is wanted and the bucket has a token, as `refill_bucket` counts. */
function departures({ capacity, perSecond }: BucketSize, pauses: readonly number[]): number[] {
  let at = 0;
  let tokens = capacity;
  return pauses.map((pause) => {
    const wait = Math.max(pause, (1 - Math.min(capacity, tokens)) / perSecond);
    at += wait;
    tokens = Math.min(capacity, tokens + wait * perSecond) - 1;
    return at;
  });
}

test.each(Object.entries(SLACK_LIMITS).filter(([method]) => !method.startsWith('views.')))(
  'Slack never refuses %s, although some calls take half a second longer to it than others',
  (method, size) => {
    const call = fc.record({
      pause: fc.constantFrom(0, 0, 0, 0, 0, 0.3, 1, 100),
      // A little less than the most that is promised, for the rounding of sums.
      late: fc.constantFrom(0, 0.1, ARRIVAL_SPREAD_S * 0.99),
    });
    fc.assert(
      fc.property(fc.array(call, { minLength: 150, maxLength: 150 }), (calls) => {
        let now = 0;
        const slack = createRateLimiter(TIMERS, () => now);
        const left = departures(
          size,
          calls.map(({ pause }) => pause),
        );
        const arrivals = left.map((at, n) => at + (calls[n]?.late ?? 0)).sort((a, b) => a - b);
        const refused = arrivals.filter((at) => {
          now = at * 1_000;
          return slack.take(method, PER_CHANNEL.has(method) ? { channel: 'C1' } : {}) !== null;
        });
        expect(refused).toEqual([]);
      }),
      { numRuns: 30 },
    );
  },
);
