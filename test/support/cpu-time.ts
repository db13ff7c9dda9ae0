/**
 * Counts the CPU time that this process spends from now on, in milliseconds. What this process works out by itself is judged by it: beside
 * another load the same work takes longer, but not more of this time. Waiting for somebody else costs nothing of it.
 *
 * @example
 *   const spentMs = countCpuTime();
 *   commandOf(longText, BOT);
 *   expect(spentMs()).toBeLessThan(500);
 */
export function countCpuTime(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
}
