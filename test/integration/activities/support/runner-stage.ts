import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createEgressActivities, createRunnerActivities } from '../../../../activities/create-runner-activities.ts';
import { createKeyedLock, type KeyedLock } from '../../../../activities/keyed-lock.ts';
import { createPacedStarts } from '../../../../activities/paced-starts.ts';
import type {
  EgressActivities,
  ProvisionInput,
  RunnerActivities,
  ToolInput,
} from '../../../../contracts/activities.ts';
import { sandboxName } from '../../../../docker/sandbox-names.ts';
import { createSandboxRuntime } from '../../../../docker/sandbox-runtime.ts';
import type { ProxyControl } from '../../../../proxy/control-client.ts';
import type { Database } from '../../../../store/database.ts';
import { getSession } from '../../../../store/sessions.ts';
import { addToolSteps } from '../../../../store/steps.ts';
import { agentProcessesIn } from '../../../support/agent-processes.ts';
import { placedSandbox } from '../../../support/placed-sandbox.ts';
import { newSession, sayAndBegin } from '../../agent/support/session.ts';
import { createFixture, type Fixture } from '../../docker/fixture.ts';
import { leaseOf, startWorld, type World } from '../../proxy/support/world.ts';

/** Activities of a runner on a real engine, database and proxy, called without a workflow. */
export interface RunnerStage extends AsyncDisposable {
  readonly fixture: Fixture;
  readonly world: World;
  readonly database: Database;
  readonly lock: KeyedLock;
  readonly activities: RunnerActivities;
  /** The same with other parts. */
  activitiesWith(parts: { database?: Database; proxy?: ProxyControl }): RunnerActivities;
  /** Those of another process: it shares nothing with the others but the engine, the database and the proxy. */
  restarted(): RunnerActivities;
  egressWith(parts: { proxy?: ProxyControl }): EgressActivities;
  /** A session whose first turn has begun and whose sandbox runs. */
  turn(): Promise<ProvisionInput>;
  /** Begins the next turn of a session, which holds the place of its sandbox. */
  nextTurn(before: ProvisionInput, text: string): Promise<ProvisionInput>;
  /** The turn's way out, as `streamEgress` opens it. */
  openLease(turn: ProvisionInput): Promise<void>;
  /** A tool call that the model has asked for. */
  bash(turn: ProvisionInput, command: string): Promise<ToolInput>;
  /** Command lines of what runs as the agent's user, without starters that wait for orders. */
  agentProcesses(turn: ProvisionInput): Promise<string[]>;
}

const RUNNER = 'r1';

export async function startRunnerStage(): Promise<RunnerStage> {
  const fixture = await createFixture();
  const world = await startWorld({ runDir: fixture.runDir });
  const { database } = world.database;
  const lock = createKeyedLock();
  const parts = {
    runner: RUNNER,
    runtime: fixture.runtime,
    proxy: world.control,
    database,
    lock,
    pacedStarts: createPacedStarts(2),
    makeRoom: async () => undefined,
    workspaceMb: 5_120,
    workspaceFiles: 300_000,
  };
  const dependencies = {
    ...parts,
    gitAuthor: null,
    caBundle: async () => 'no certificates\n',
  };
  const activities = createRunnerActivities(dependencies);
  let step = 1;

  return {
    fixture,
    world,
    database,
    lock,
    activities,
    activitiesWith: (other) => createRunnerActivities({ ...dependencies, ...other }),
    restarted() {
      const { engine, installation, runDir, image } = fixture;
      const runtime = createSandboxRuntime({ engine, installation, runDir, image });
      return createRunnerActivities({ ...dependencies, runtime, lock: createKeyedLock() });
    },
    egressWith: (other) => createEgressActivities({ ...dependencies, ...other }),
    async turn() {
      const session = await newSession(database);
      const turn = await sayAndBegin(database, session, 'work');
      const id = `s${session.replaceAll(/\D/g, '')}`;
      await placedSandbox(database, { id, session, runner: RUNNER, turn });
      const input = { session, turn, sandbox: id };
      await inActivity(() => activities.provisionSandbox(input));
      return input;
    },
    async nextTurn({ session, sandbox }, text) {
      const turn = await sayAndBegin(database, session, text);
      await placedSandbox(database, { id: sandbox, session, runner: RUNNER, turn });
      return { session, sandbox, turn };
    },
    async openLease({ session, turn, sandbox }) {
      await world.control.openLease({ ...leaseOf(sandbox, 'channel:T1:C1', turn), session });
    },
    async bash(turn, command) {
      step += 1;
      const call = { step, tool: 'bash', call: `c${step}`, arguments: { command } };
      await addToolSteps(database, turn.session, turn.turn, [call]);
      return { ...turn, step, tool: 'bash' };
    },
    async agentProcesses({ session, sandbox }) {
      const { agentUid } = await getSession(database, session);
      return await agentProcessesIn(sandboxName(fixture.installation, sandbox), agentUid);
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

/** What fails here fails on purpose, and the test sees it. */
const quiet = () => new MockActivityEnvironment(undefined, { logger: new DefaultLogger('ERROR') });

/** Does the work of an activity; `environment` is its context. */
export function inActivity<T>(work: () => Promise<T>, environment = quiet()): Promise<T> {
  return environment.run(work);
}
