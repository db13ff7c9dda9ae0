/** What each process tells of the installation, read when Prometheus asks. docs/operations.md has the list with its alerts. */
import type { ConnectionLike } from '@temporalio/client';
import type { Model } from '../../agent/model/model.ts';
import { costOf } from '../../contracts/cost.ts';
import type { EgressEvent } from '../../contracts/egress.ts';
import type { ProxyHealth } from '../../proxy/control/protocol.ts';
import type { Database } from '../../store/database.ts';
import { outboxBacklog } from '../../store/outbox.ts';
import {
  inboxWaiting,
  placesWaiting,
  runnerSilences,
  sandboxStates,
  slackTokens,
  turnsRunning,
  type Waiting,
} from '../../store/signals.ts';
import type { Sample, Signals } from './signals.ts';

/** A probe asks again soon; a question that nobody answered does not stay behind. */
const TEMPORAL_ANSWER_MS = 3_000;
/** Seconds. An answer with tools takes seconds, a long one minutes. */
const MODEL_BUCKETS = [0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300];

/** The process is not healthy while its database does not answer. */
export function checkDatabase(signals: Signals, database: Database): void {
  signals.check('database', async () => await database.query('select 1'));
}

/** The process is not healthy while Temporal does not answer. */
export function checkTemporal(signals: Signals, connection: ConnectionLike): void {
  const ask = async () => await connection.workflowService.getSystemInfo({});
  signals.check('temporal', async () => await connection.withDeadline(Date.now() + TEMPORAL_ANSWER_MS, ask));
}

/** Of the gateway: both queues, and what is left of Slack's limits. */
export function tellQueues(signals: Signals, database: Database): void {
  const inbox = { count: 'bellhop_inbox_waiting', oldest: 'bellhop_inbox_oldest_seconds' };
  tellWaiting(signals, inbox, 'Messages from Slack that are not with their session yet', async () => [
    await inboxWaiting(database),
  ]);
  const outbox = { count: 'bellhop_outbox_waiting', oldest: 'bellhop_outbox_oldest_seconds', labels: ['class'] };
  tellWaiting(signals, outbox, 'Rows of the outbox that are due and not in Slack yet', async () =>
    (await outboxBacklog(database)).map((backlog) => ({
      waiting: backlog.due,
      oldestSeconds: (backlog.oldestMs ?? 0) / 1_000,
      labels: { class: backlog.class },
    })),
  );
  const tokens = async () => await slackTokens(database);
  signals.gauge(
    { name: 'bellhop_slack_tokens', help: 'Calls left in the emptiest bucket of a method', labels: ['method'] },
    async () => (await tokens()).map(({ method, fewest }) => ({ labels: { method }, value: fewest })),
  );
  signals.gauge(
    { name: 'bellhop_slack_blocked_seconds', help: 'For how long Slack wants no call of a method', labels: ['method'] },
    async () => (await tokens()).map(({ method, blockedSeconds }) => ({ labels: { method }, value: blockedSeconds })),
  );
}

/** Around the 20 ms that are promised, up to the three seconds after which Slack sends an event again. */
const STORING_BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 3];

/** Of the gateway: how long events of Slack wait until they are stored. Returns how to add one, in seconds. */
export function tellStoring(signals: Signals): (seconds: number) => void {
  const observe = signals.histogram(
    { name: 'bellhop_slack_event_seconds', help: 'From the receipt of an event until it is stored' },
    STORING_BUCKETS,
  );
  return (seconds) => observe({}, seconds);
}

/** Of the agent worker: turns, who waits for a place, and the runners. */
export function tellTurns(signals: Signals, database: Database): void {
  const turns = { count: 'bellhop_turns_running', oldest: 'bellhop_turns_oldest_seconds' };
  tellWaiting(signals, turns, 'Turns under way', async () => [await turnsRunning(database)]);
  const places = { count: 'bellhop_places_waiting', oldest: 'bellhop_places_oldest_seconds' };
  tellWaiting(signals, places, 'Turns under way that have no place for their sandbox', async () => [
    await placesWaiting(database),
  ]);
  const runners = async () => await runnerSilences(database);
  signals.gauge(
    { name: 'bellhop_runner_silent_seconds', help: 'Since a runner has last said that it lives', labels: ['runner'] },
    async () => (await runners()).map(({ runner, silentSeconds }) => ({ labels: { runner }, value: silentSeconds })),
  );
  signals.gauge(
    {
      name: 'bellhop_runner_places',
      help: 'Turns that may work on a runner at once; zero while it drains or is not ready',
      labels: ['runner'],
    },
    async () =>
      (await runners()).map(({ runner, capacity, draining, lacks }) => ({
        labels: { runner },
        value: draining || lacks.length > 0 ? 0 : capacity,
      })),
  );
}

/** Of a runner: the sandboxes that it holds. */
export function tellSandboxes(signals: Signals, database: Database, runner: string): void {
  signals.gauge(
    { name: 'bellhop_sandboxes', help: 'Sandboxes of this runner', labels: ['runner', 'state'] },
    async () =>
      (await sandboxStates(database, runner)).map(({ state, count }) => ({ labels: { runner, state }, value: count })),
  );
}

/** Of the proxy: its policy, its leases, and what waits for the database. Returns how to count an egress event. */
export function tellEgress(signals: Signals, health: () => ProxyHealth): (event: EgressEvent) => void {
  const gauge = (name: string, help: string, read: (now: ProxyHealth) => number | null) =>
    signals.gauge({ name, help }, () => {
      const value = read(health());
      return value === null ? [] : [{ value }];
    });
  gauge('bellhop_leases_open', 'Sandboxes that may reach the outside now', (now) => now.leases);
  gauge('bellhop_policy_version', 'The access policy in force', (now) => now.policy.version);
  gauge('bellhop_policy_age_seconds', 'Since PostgreSQL has confirmed the policy', ({ policy }) =>
    policy.ageMs === null ? null : policy.ageMs / 1_000,
  );
  gauge('bellhop_spool_bytes', 'Egress events on disk that PostgreSQL does not have yet', (now) => now.spoolBytes);
  signals.check('policy', async () => {
    if (health().policy.version === null) throw new Error('no policy is loaded yet');
  });
  const requests = signals.counter({
    name: 'bellhop_egress_requests_total',
    help: 'Requests of sandboxes, by how they were decided',
    labels: ['outcome', 'code'],
  });
  const bytes = signals.counter({
    name: 'bellhop_egress_sent_bytes_total',
    help: 'What sandboxes sent to the outside',
  });
  return ({ outcome, code, bytesOut }) => {
    requests({ outcome, code });
    bytes({}, bytesOut);
  };
}

/** Returns how to make a model tell the time and the tokens of each call. */
export function tellModels(signals: Signals): (model: Model) => Model {
  const seconds = signals.histogram(
    { name: 'bellhop_model_seconds', help: 'How long a model call takes', labels: ['model', 'outcome'] },
    MODEL_BUCKETS,
  );
  const tokens = signals.counter({
    name: 'bellhop_model_tokens_total',
    help: 'Tokens of model calls that were answered',
    labels: ['model', 'direction'],
  });
  const cost = signals.counter({
    name: 'bellhop_model_cost_total',
    help: 'What model calls that were answered have cost, by the prices of the access file',
    labels: ['model', 'currency'],
  });
  return (model) => ({
    ...model,
    async call(request) {
      const began = performance.now();
      const took = (outcome: string) => seconds({ model: model.name, outcome }, (performance.now() - began) / 1_000);
      try {
        const answer = await model.call(request);
        took('answered');
        tokens({ model: model.name, direction: 'input' }, answer.usage.inputTokens);
        tokens({ model: model.name, direction: 'output' }, answer.usage.outputTokens);
        const asked = model.price && costOf(answer.usage, model.price);
        if (asked) cost({ model: model.name, currency: asked.currency }, asked.amount);
        return answer;
      } catch (error) {
        took(request.signal.aborted ? 'stopped' : 'failed');
        throw error;
      }
    },
  });
}

/** Two gauges of one queue: how many wait, and for how long the oldest has. */
function tellWaiting(
  signals: Signals,
  { count, oldest, labels = [] }: { readonly count: string; readonly oldest: string; readonly labels?: string[] },
  help: string,
  read: () => Promise<readonly (Waiting & Pick<Sample, 'labels'>)[]>,
): void {
  const tell = (name: string, said: string, figure: (waiting: Waiting) => number) =>
    signals.gauge({ name, help: said, labels }, async () =>
      (await read()).map((row) => ({ ...(row.labels && { labels: row.labels }), value: figure(row) })),
    );
  tell(count, help, ({ waiting }) => waiting);
  tell(oldest, `${help}: age of the oldest, in seconds`, ({ oldestSeconds }) => oldestSeconds);
}
