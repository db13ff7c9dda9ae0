import { Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createSlackActivities } from '../../activities/use-slack.ts';
import type { SlackRoom } from '../../contracts/slack-reading.ts';
import { SLACK_QUEUE } from '../../contracts/task-queues.ts';
import type { Database } from '../../store/database.ts';
import { connectWorker } from '../connect-worker.ts';
import type { TemporalTarget } from '../temporal-connection.ts';

export interface SlackToolsOptions {
  readonly database: Database;
  readonly room: SlackRoom;
  readonly temporal: TemporalTarget;
  readonly log: Logger;
}

/** They wait for Slack, and rate limits let no more of them through. */
const AT_ONCE = 40;
const AGAIN_MS = 5_000;

/**
 * Runs tools that work in Slack, for turns. It begins when Temporal answers and begins anew when its worker fails: what people say is taken in
 * all the same.
 */
export function keepSlackTools({ database, room, temporal, log }: SlackToolsOptions): { stop(): Promise<void> } {
  const stopping = Promise.withResolvers<'stopped'>();
  let stopped = false;

  async function once(): Promise<void> {
    const connecting = connectWorker(temporal, log);
    const connection = await Promise.race([connecting, stopping.promise]);
    if (connection === 'stopped') {
      // A server that answers only now finds nobody here any more.
      connecting.then((late) => late.close()).catch(() => undefined);
      return;
    }
    try {
      const worker = await Worker.create({
        connection,
        namespace: temporal.namespace,
        taskQueue: SLACK_QUEUE,
        activities: createSlackActivities({ database, room }),
        maxConcurrentActivityTaskExecutions: AT_ONCE,
        // A beat every second is what makes a stop felt at once.
        maxHeartbeatThrottleInterval: '1s',
        shutdownGraceTime: '5s',
      });
      await worker.runUntil(stopping.promise);
    } finally {
      await connection.close();
    }
  }

  async function keep(): Promise<void> {
    while (!stopped) {
      try {
        await once();
      } catch (error) {
        log.warn(
          { reason: error instanceof Error ? error.message : String(error) },
          'tools of Slack do not run; beginning anew',
        );
        await Promise.race([stopping.promise, new Promise((resolve) => setTimeout(resolve, AGAIN_MS))]);
      }
    }
  }

  const kept = keep();
  return {
    async stop() {
      stopped = true;
      stopping.resolve('stopped');
      await kept;
    },
  };
}
