/** CPU time that is spent to find out, in milliseconds. */
const SAMPLE_MS = 120;

/** A product that is slow by its own fault loads the machine too. It must not excuse itself by that without end. */
const MOST = 4;

/**
 * How many times longer work takes now than it would on a machine with nothing else to do; at least 1. Measured as the wall time of a
 * fixed amount of CPU time, at most {@link MOST}. A promise about time is made for a machine that is free for it: a test multiplies its limit by this, so that
 * another load makes it wait longer and a slow product still fails.
 *
 * @example
 *   expect(felt).toBeLessThan(2_000 * contention());
 */
export function contention(): number {
  const began = performance.now();
  const spent = process.cpuUsage();
  const used = (): number => {
    const { user, system } = process.cpuUsage(spent);
    return (user + system) / 1_000;
  };
  while (used() < SAMPLE_MS);
  return Math.min(MOST, Math.max(1, (performance.now() - began) / used()));
}
