/**
 * Loaded before a child's own code (`node --import`). It ties the child to `up` in two ways.
 *
 * - `up` holds the other end of the child's stdin and never writes. When it closes, `up` is gone, however it died; the child then
 *   drains and ends as if it had been asked to.
 * - `up` asks over the IPC channel whether the child's event loop still turns (see liveness.ts), and the child answers.
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
  // A process that has nothing left to do may end; neither stdin nor the channel keeps it.
  (process.stdin as NodeJS.ReadStream & { unref?(): void }).unref?.();
  process.on('message', (question) => {
    process.send?.(question, undefined, undefined, () => {});
  });
  process.channel?.unref();
}
