import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { DO_NOW } from '../../contracts/housekeeping.ts';
import type { SessionId } from '../../contracts/ids.ts';
import { AGENT_QUEUE, egressQueue, runnerQueue, SLACK_QUEUE } from '../../contracts/task-queues.ts';
import type { ScriptedWorld } from './scripted-activities.ts';
import { bundleWorkflows, startTemporal } from './temporal.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const HISTORIES = path.join(ROOT, 'test', 'histories');

/** A longer one shows the same again and again. */
const LARGEST_HISTORY = 200_000;

export interface StagedSession {
  readonly id: SessionId;
  say(): Promise<void>;
  stop(): Promise<void>;
  /** Any signal with anything in it, as whoever reaches the server can send one. */
  signal(name: string, ...args: unknown[]): Promise<void>;
  /** Starts the session's workflow with anything as its arguments. */
  startWith(type: string, ...args: unknown[]): Promise<void>;
  /** What Temporal UI shows as current details. */
  details(): Promise<string>;
  /** As an agent worker says that the turn's place is granted. */
  placeGranted(): Promise<void>;
  /** As an operator does in Temporal UI. */
  cancel(): Promise<void>;
  /** Runs a firing of a schedule in the session's place. */
  fire(schedule: string): Promise<void>;
  /** Runs the housekeeper in the session's place; again, as every agent worker does, changes nothing. */
  keepHouse(): Promise<void>;
  /** Asks the housekeeper for a task. */
  doNow(task: string): Promise<void>;
  terminate(): Promise<void>;
  ended(): Promise<unknown>;
  /** The history of every run, oldest first, as JSON. */
  histories(): Promise<string[]>;
}

export interface WorkflowStage {
  /** Runs one session in a world with the four workers of a real installation. */
  inSession(world: ScriptedWorld, drive: (session: StagedSession) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** A real server and the real workflow bundle, for tests of what workflows do. */
export async function startWorkflowStage(): Promise<WorkflowStage> {
  const [temporal, workflowBundle] = await Promise.all([startTemporal(), bundleWorkflows()]);
  const { workflow } = temporal.client;
  let threads = 0;

  function stage(id: SessionId): StagedSession {
    return {
      id,
      async say() {
        await workflow.signalWithStart('threadSession', {
          taskQueue: AGENT_QUEUE,
          workflowId: id,
          args: [{ session: id }],
          signal: 'message',
          signalArgs: [{ inboxId: '1' }],
        });
      },
      stop: () => workflow.getHandle(id).signal('stop', { inboxId: '99', by: 'U2' }),
      signal: (name, ...args) => workflow.getHandle(id).signal(name, ...args),
      async startWith(type, ...args) {
        await workflow.start(type, { taskQueue: AGENT_QUEUE, workflowId: id, args });
      },
      async details() {
        const metadata = await workflow
          .getHandle(id)
          .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
        return metadata.currentDetails ?? '';
      },
      placeGranted: () => workflow.getHandle(id).signal('place'),
      async cancel() {
        await workflow.getHandle(id).cancel();
      },
      async fire(schedule) {
        await workflow.start('scheduledTask', { taskQueue: AGENT_QUEUE, workflowId: id, args: [{ schedule }] });
      },
      async keepHouse() {
        const options = { taskQueue: AGENT_QUEUE, workflowId: id, workflowIdConflictPolicy: 'USE_EXISTING' } as const;
        await workflow.start('housekeeping', options);
      },
      doNow: (task) => workflow.getHandle(id).signal(DO_NOW, task),
      async terminate() {
        await workflow.getHandle(id).terminate();
      },
      ended: () => workflow.getHandle(id).result(),
      async histories() {
        const runs: { runId: string; startTime: Date }[] = [];
        for await (const run of workflow.list({ query: `WorkflowId = "${id}"` })) runs.push(run);
        runs.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
        const all: string[] = [];
        for (const { runId } of runs) all.push(historyToJSON(await workflow.getHandle(id, runId).fetchHistory()));
        return all;
      },
    };
  }

  return {
    async inSession(world, drive) {
      const { nativeConnection: connection } = temporal;
      const shared = { connection, namespace: 'bellhop', activities: world.activities };
      const options = { ...shared, maxHeartbeatThrottleInterval: 200 };
      const workers = await Promise.all([
        Worker.create({ ...options, taskQueue: AGENT_QUEUE, workflowBundle }),
        Worker.create({ ...options, taskQueue: runnerQueue('r1') }),
        Worker.create({ ...options, taskQueue: egressQueue('r1') }),
        Worker.create({ ...options, taskQueue: SLACK_QUEUE }),
      ]);
      threads += 1;
      const session = stage(`slack:T1:C1:${threads}.0`);
      const running = Promise.all(workers.map((worker) => worker.run()));
      try {
        await drive(session);
        if (process.env.BELLHOP_RECORD_HISTORIES) await record(session);
      } finally {
        for (const worker of workers) worker.shutdown();
        await running;
      }
    },
    close: () => temporal.teardown(),
  };
}

/** Keeps what a test's session did for the replay test; the name of the test is the name of the file. */
async function record(session: StagedSession): Promise<void> {
  const name = (expect.getState().currentTestName ?? 'session').replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase();
  const [first] = await session.histories();
  // Stack traces name files as they lie in the checkout, not on this machine.
  if (first && first.length <= LARGEST_HISTORY)
    await writeFile(path.join(HISTORIES, `${name.slice(0, 80)}.json`), first.replaceAll(`${ROOT}/`, ''));
}
