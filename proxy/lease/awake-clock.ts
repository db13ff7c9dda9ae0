import type { MonotonicClock } from './lease-table.ts';

/** A lease lives 15 s and is renewed every 4 s. So after a standstill there is always time for one more renewal. */
const MOST_BETWEEN_LOOKS_MS = 5_000;

/**
 * A clock for leases that counts at most five seconds between two looks at it. A proxy that stands still (it is stopped,
 * or its machine is busy) hears no renewal:
 * 1. A lease is renewed in time. Then the proxy stands still for longer than a lease lives.
 * 2. Its holder renews it meanwhile. What it says waits in the control socket.
 * 3. The proxy goes on. Its timers run first, before anything is read, and see a lease that is 15 s old.
 * 4. By this clock it is at most 9 s old, 4 s before the standstill and 5 s of it, so it lives on. Then the socket is read.
 * Therefore a lease dies when the proxy could have heard a renewal for 15 s and heard none.
 *
 * Nothing passes while the proxy stands still, so a lease whose holder is dead serves no longer than any other. Look at
 * the clock at least once a second while a lease is open.
 */
export function createAwakeClock(clock: MonotonicClock): MonotonicClock {
  let last = clock.now();
  let counted = last;
  return {
    now() {
      const now = clock.now();
      counted += Math.min(now - last, MOST_BETWEEN_LOOKS_MS);
      last = now;
      return counted;
    },
  };
}
