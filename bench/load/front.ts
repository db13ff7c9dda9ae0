import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { prepareSchema } from '../../setup/postgres/schema.ts';
import type { Database } from '../../store/database.ts';
import { dropRoles } from '../../store/roles.ts';
import { createTestDatabase } from '../../test/support/database.ts';
import { freePort } from '../../test/support/free-port.ts';
import { startTemporalServer } from '../../test/support/installation/temporal-server.ts';
import { startWorkerProcess, type WorkerProcess } from '../../test/support/installation/worker-process.ts';
import { startTestSlack, type TestSlack } from '../../test/support/slack-simulator.ts';
import { crowdOf } from './crowd.ts';

/** The gateway as a process of its own, between a Slack that limits rates, PostgreSQL and Temporal. No worker runs. */
export interface Front extends AsyncDisposable {
  readonly slack: TestSlack;
  /** As the owner of the schema. */
  readonly database: Database;
  readonly gateway: WorkerProcess;
  /** How long the gateway has taken to store events so far, as its own metrics say. */
  storing(): Promise<Storing>;
}

/** Counts of events since the gateway started. */
export interface Storing {
  readonly all: number;
  /** Those that were stored within 20 ms. */
  readonly within20Ms: number;
}

export interface FrontOptions {
  readonly people: number;
  readonly channels: number;
}

export async function startFront({ people, channels }: FrontOptions): Promise<Front> {
  await using started = new AsyncDisposableStack();
  const home = await mkdtemp(path.join(os.tmpdir(), 'bl-'));
  started.defer(() => rm(home, { recursive: true, force: true }));
  const db = started.use(await createTestDatabase());
  const slack = started.use(
    await startTestSlack({ limitRates: true, ackTimeoutMs: 3_000, more: crowdOf(people, channels) }),
  );
  const temporal = await startTemporalServer(path.join(home, 'temporal'));
  started.defer(() => temporal.stop());
  const installation = `l${process.pid}`;
  const urlsFile = path.join(home, 'database.json');
  const urls = await prepareSchema({ ownerUrl: db.url, installation, urlsFile, embedded: false });
  started.defer(() => dropRoles(db.url, installation));
  const metrics = `127.0.0.1:${await freePort()}`;
  const gateway = await startWorkerProcess('gateway', {
    BELLHOP_METRICS_ADDRESS: metrics,
    BELLHOP_DATABASE_URL: urls.roles.gateway,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: 'bellhop',
    ...slack.environment,
  });
  started.defer(() => gateway.kill('SIGTERM'));
  await slack.waitForApp();
  const everything = started.move();
  return {
    slack,
    database: db.database,
    gateway,
    async storing() {
      const text = await (await fetch(`http://${metrics}/metrics`)).text();
      return { all: countIn(text, '_count'), within20Ms: countIn(text, '_bucket{le="0.02"}') };
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** A line of the histogram of storing, in the text format of Prometheus. */
function countIn(text: string, line: string): number {
  const start = `bellhop_slack_event_seconds${line} `;
  const found = text.split('\n').find((each) => each.startsWith(start));
  if (found === undefined) throw new Error(`the gateway's metrics have no line ${start}`);
  return Number(found.slice(start.length));
}
