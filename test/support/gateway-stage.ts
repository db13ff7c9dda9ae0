import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { EffectiveAccess } from '../../access/decision.ts';
import type { Listen } from '../../access/document.ts';
import type { Off, RequesterChannel } from '../../access/effective-access.ts';
import type { PersonalOffer } from '../../access/people-access.ts';
import type { SessionId } from '../../contracts/ids.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import { createSlackClient } from '../../slack/api/client.ts';
import { whoAmI } from '../../slack/api/identity.ts';
import type { RateLimits } from '../../slack/api/rate-limits.ts';
import { createSessionSignals, type SessionSignals } from '../../slack/delivery/session-signals.ts';
import type { ModelChoices } from '../../slack/delivery/use-model.ts';
import type { GrantDoor } from '../../slack/personal/grant-ways.ts';
import type { CatchUpTimes } from '../../slack/receiving/catch-up.ts';
import { type Gateway, startGateway } from '../../slack/start-gateway.ts';
import type { Database } from '../../store/database.ts';
import { createPolicyReader } from '../../store/policy-reader.ts';
import { createKeepToken } from '../../workers/gateway/keep-own-token.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { type SimMessage, startTestSlack, type TestSlack } from './slack-simulator.ts';
import { startTemporal } from './temporal.ts';

export const TEAM = 'T000000ACME';

export interface StageOptions {
  /** @default everyone */
  readonly listenIn?: (scope: ScopeKey) => Promise<Listen>;
  readonly overdueMs?: number;
  readonly sweepMs?: number;
  readonly statusAgainMs?: number;
  readonly limits?: RateLimits;
  readonly catchUp?: CatchUpTimes;
  /** @default as without an access file */
  readonly effective?: (scope: ScopeKey) => Promise<EffectiveAccess>;
  readonly places?: () => Promise<readonly { readonly scope: ScopeKey; readonly label: string }[]>;
  readonly whyOff?: (scope: ScopeKey) => Promise<Off | null>;
  /** @default nothing */
  readonly offers?: () => Promise<readonly PersonalOffer[]>;
  /** @default none can be begun */
  readonly grants?: GrantDoor;
  /** @default that of the owner of the tables */
  readonly database?: Database;
  /** @default there is none */
  readonly requesterChannel?: (scope: ScopeKey) => Promise<RequesterChannel | null>;
  readonly models?: () => Promise<readonly string[]>;
  /** @default none may be chosen */
  readonly threadModels?: (scope: ScopeKey) => Promise<ModelChoices>;
  readonly now?: () => Date;
  /** Stands before Temporal, so that a test can close the way. */
  readonly gate?: () => void | Promise<void>;
}

export interface GatewayStage extends AsyncDisposable {
  readonly slack: TestSlack;
  readonly db: TestDatabase;
  readonly temporal: TestWorkflowEnvironment;
  readonly logged: { readonly level: string; readonly message: string; readonly fields: object }[];
  /** A gateway in this process; several may run. */
  start(options?: StageOptions): Promise<Gateway>;
  sessionOf(message: Pick<SimMessage, 'channel' | 'ts'>): SessionId;
  /** Ada's mention in #platform-eng, which the gateway has acknowledged: the first message of a thread. */
  begin(text?: string): Promise<SimMessage>;
  /** Posts in a thread. */
  say(as: string, thread: SimMessage, text: string): Promise<SimMessage>;
  /** What the session's workflow was signalled, over all its runs. */
  signals(session: SessionId): Promise<{ name: string; payload: Record<string, unknown> }[]>;
  runs(session: SessionId): Promise<number>;
  inbox(): Promise<Record<string, unknown>[]>;
  /** The first row of a message. */
  rowOf(message: Pick<SimMessage, 'ts'>): Promise<Record<string, unknown> | undefined>;
  /** Whether everything that was said until then, and that no gateway was sent, has been read. */
  isCaughtUp(until: Date): Promise<boolean>;
}

/** Real PostgreSQL, a real Temporal server without any worker, and the Slack simulator. */
export async function startGatewayStage(
  slackOptions: Parameters<typeof startTestSlack>[0] = {},
): Promise<GatewayStage> {
  const [slack, db, temporal] = await Promise.all([
    startTestSlack(slackOptions),
    createTestDatabase(),
    startTemporal(),
  ]);
  const logged: GatewayStage['logged'] = [];
  const log = (level: string) => (fields: object, message: string) => void logged.push({ level, message, fields });
  const client = createSlackClient(slack.tokens.bot, slack.apiUrl, { warn: () => {}, error: () => {} });
  const identity = await whoAmI(client);
  const signals = createSessionSignals({ client: temporal.client, taskQueue: 'gateway-test' });
  const running = new Set<Gateway>();
  const policy = createPolicyReader(db.database);
  const inbox = async () => (await db.database.query('select * from inbox order by id')).rows;

  return {
    slack,
    db,
    temporal,
    logged,
    async start(options = {}) {
      const gateway = await startGateway({
        database: db.database,
        databaseUrl: db.url,
        client,
        identity,
        appToken: slack.tokens.app,
        botToken: slack.tokens.bot,
        apiUrl: slack.apiUrl,
        signals: gated(signals, options.gate),
        effective: async (scope) => (await policy()).shown(scope),
        offers: async () => [],
        models: async () => [],
        keepToken: createKeepToken(db.database),
        whyOff: async (scope) => (await policy()).whyOff(scope),
        log: { info: log('info'), warn: log('warn'), error: log('error') },
        ...given(options),
      });
      running.add(gateway);
      return {
        room: gateway.room,
        isConnected: gateway.isConnected,
        async stop() {
          running.delete(gateway);
          await gateway.stop();
        },
      };
    },
    sessionOf: ({ channel, ts }) => `slack:${TEAM}:${channel}:${ts}`,
    async begin(text = '@bellhop begin') {
      const mention = await slack.post('ada', 'platform-eng', text);
      await slack.waitForReaction(mention, 'eyes');
      return mention;
    },
    say: (as, thread, text) => slack.post(as, thread.channel, text, { threadTs: thread.ts }),
    async signals(session) {
      const found: { name: string; payload: Record<string, unknown> }[] = [];
      for (const runId of await runIds(temporal, session)) {
        const { events } = await temporal.client.workflow.getHandle(session, runId).fetchHistory();
        for (const event of events ?? []) {
          const signal = event.workflowExecutionSignaledEventAttributes;
          const data = signal?.input?.payloads?.[0]?.data;
          if (signal && data) {
            found.push({ name: signal.signalName ?? '', payload: JSON.parse(Buffer.from(data).toString()) });
          }
        }
      }
      return found;
    },
    runs: async (session) => (await runIds(temporal, session)).length,
    inbox,
    rowOf: async ({ ts }) => (await inbox()).find((row) => row.ts === ts),
    async isCaughtUp(until) {
      const { rowCount } = await db.database.query('select 1 from slack_catch_up where done_until >= $1', [until]);
      return rowCount === 1;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running].map((gateway) => gateway.stop()));
      await slack[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
      await temporal.teardown();
    },
  };
}

function given({ gate: _, ...options }: StageOptions): Omit<StageOptions, 'gate'> {
  return options;
}

async function runIds(temporal: TestWorkflowEnvironment, session: SessionId): Promise<string[]> {
  const ids: string[] = [];
  for await (const run of temporal.client.workflow.list({ query: `WorkflowId = "${session}"` })) ids.push(run.runId);
  return ids.reverse();
}

function gated(signals: SessionSignals, gate: () => void | Promise<void> = () => {}): SessionSignals {
  return {
    start: async (...args) => {
      await gate();
      await signals.start(...args);
    },
    message: async (...args) => {
      await gate();
      return signals.message(...args);
    },
    stop: async (...args) => {
      await gate();
      return signals.stop(...args);
    },
    answered: async (...args) => {
      await gate();
      return signals.answered(...args);
    },
  };
}
