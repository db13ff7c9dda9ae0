/**
 * The environment in which Node.js runs the agent worker with little memory. A worker at rest would otherwise keep what its busiest
 * moment took: V8 lets the part of the heap for young objects grow to 48 MB in each of its two threads and does not give it back, and
 * glibc keeps a heap for each of Temporal's threads. With both bounded it takes a quarter less after the same work (docs/benchmarks.md).
 *
 * - https://nodejs.org/api/cli.html#--max-semi-space-sizesize-in-mib
 * - mallopt(3), M_ARENA_MAX
 */
export const LEAN_AGENT: Readonly<Record<string, string>> = {
  NODE_OPTIONS: '--max-semi-space-size=4',
  MALLOC_ARENA_MAX: '2',
};
