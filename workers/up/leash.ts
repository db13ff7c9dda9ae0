/**
 * Loaded before a child's own code (`node --import`). `up` holds the other end of the child's stdin and never writes: when it
 * closes, `up` is gone, by whatever death, and the child drains and ends as if it had been asked to.
 */
import { isMainThread } from 'node:worker_threads';

/** Longer than any process needs to drain; after that there is nobody left who would wait. */
const DRAIN_MS = 15_000;

// Worker threads inherit `--import`, and have a stdin of their own that means nothing.
if (isMainThread) {
  process.stdin.on('error', () => {});
  process.stdin.once('close', () => {
    setTimeout(() => process.exit(1), DRAIN_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  process.stdin.resume();
  // A process that has nothing left to do may end; the leash does not keep it.
  (process.stdin as NodeJS.ReadStream & { unref?(): void }).unref?.();
}
