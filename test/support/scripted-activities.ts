import { Context } from '@temporalio/activity';
import type {
  AgentActivities,
  BegunTurn,
  EgressActivities,
  RunnerActivities,
  ScheduleActivities,
  SlackActivities,
} from '../../contracts/activities.ts';
import { NO_EGRESS } from '../../contracts/egress.ts';
import type { HousekeepingActivities } from '../../contracts/housekeeping.ts';

type AllActivities = AgentActivities &
  ScheduleActivities &
  RunnerActivities &
  EgressActivities &
  SlackActivities &
  HousekeepingActivities;

export interface ScriptedWorld {
  readonly activities: AllActivities;
  /** What was called, in order: `beginTurn`, `callModel 1`, `runTool 2`, … */
  readonly calls: string[];
  /** Messages nobody has read yet. */
  waiting: number;
}

/**
 * Activities that keep their world in memory, for tests of what the workflow does. The workflow, the server and the
 * worker are real; only what the activities would touch is not there.
 */
export function scriptedWorld(
  overrides: Partial<AllActivities> = {},
  begins: Partial<Pick<BegunTurn, 'limits' | 'rest'>> = {},
): ScriptedWorld {
  const calls: string[] = [];
  const world: ScriptedWorld = { activities: {} as AllActivities, calls, waiting: 1 };
  const claims = new Map<string, BegunTurn>();
  const closed = new Set<number>();
  let turns = 0;
  let runs = 0;

  const base: AllActivities = {
    openRun: async () => ++runs,
    async beginTurn({ fence }) {
      const claim = `${fence.run}.${fence.count}`;
      const again = claims.get(claim);
      if (again) return again;
      if (world.waiting === 0) return null;
      turns += 1;
      const begun: BegunTurn = {
        turn: turns,
        requester: 'U1',
        scope: 'channel:T1:C1',
        principal: 'agent@channel:T1:C1',
        limits: { steps: 100, minutes: 60, tokens: 1_000_000 },
        rest: { pauseAfterMs: 500, removeAfterMs: 500 },
        ...begins,
      };
      claims.set(claim, begun);
      return begun;
    },
    resolveScopeAccess: async () => ({ snapshot: 's', connections: 1, domains: 1 }),
    placeSandbox: async ({ turn }) => ({ turn, runner: 'r1', sandbox: 'sb1' }),
    async callModel({ step }) {
      world.waiting = 0;
      if (step === 1)
        return { nextStep: 3, tools: [{ step: 2, tool: 'bash', parallel: false }], done: false, limit: null };
      return { nextStep: step + 1, tools: [], done: true, limit: null };
    },
    settleTools: async () => {},
    endTurn: async ({ ending }) => ({ more: ending === 'answered' && world.waiting > 0 }),
    noteSession: async () => {},
    openThread: async () => ({ session: 'slack:T1:C1:1.0' }),
    askInThread: async () => {},
    awaitTurn: async () => 'answered',
    tellFiringFailed: async () => {},
    endAbandonedTurns: async () => ({ againInMs: 3_600_000 }),
    syncSchedules: async () => ({ againInMs: 3_600_000 }),
    deleteOldRows: async () => ({ againInMs: 3_600_000 }),
    provisionSandbox: async () => ({ created: true }),
    runTool: async () => ({ exitCode: 0, truncated: false }),
    useSlack: async () => ({ exitCode: null, truncated: false }),
    async settleSandbox({ turn }) {
      closed.add(turn);
    },
    pauseSandbox: async () => {},
    removeSandbox: async () => {},
    async streamEgress({ turn }) {
      while (!closed.has(turn)) await Context.current().sleep(20);
      return NO_EGRESS;
    },
  };
  const all = { ...base, ...overrides };
  for (const [name, run] of Object.entries(all)) {
    Object.assign(world.activities, {
      [name]: (input: { step?: number; ending?: string; reason?: string; state?: string; failure?: string } = {}) => {
        calls.push(
          [name, input.step ?? input.ending ?? input.reason ?? input.state ?? input.failure]
            .filter((x) => x !== undefined)
            .join(' '),
        );
        return (run as (input: unknown) => Promise<unknown>)(input);
      },
    });
  }
  return world;
}
