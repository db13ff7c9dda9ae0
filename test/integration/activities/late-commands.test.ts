import { sandboxName } from '../../../docker/sandbox-names.ts';
import { getSession } from '../../../store/sessions.ts';
import { until } from '../../support/until.ts';
import { attachAndRead } from '../agent/support/session.ts';
import { holdDatabase } from './support/held-database.ts';
import { inActivity, type RunnerStage, startRunnerStage } from './support/runner-stage.ts';

let stage: RunnerStage;

beforeAll(async () => {
  stage = await startRunnerStage();
}, 900_000);
afterAll(async () => await stage?.[Symbol.asyncDispose](), 60_000);

const COMMAND = 'touch begun; setsid sleep 600 & sleep 601';
const OVER = { type: 'SessionEnded', message: expect.stringMatching(/turn 1 is over/) };
const LOOKS_FOR_FILES = /placed_in is distinct from/;
const LOOKS_FOR_LIFE = /coalesce\(step\.incarnation/;

/** A command of a turn that waits in one place on its way into the sandbox. */
async function commandThatWaits(statement: RegExp, where: 'asking' | 'answering') {
  const turn = await stage.turn();
  const bytes = Buffer.from('a,b');
  await attachAndRead(stage.database, turn, { name: 'd.csv', bytes });
  await stage.openLease(turn);
  const held = holdDatabase(stage.database, statement, where);
  const input = await stage.bash(turn, COMMAND);
  const running = inActivity(() => stage.activitiesWith({ database: held.database }).runTool(input));
  running.catch(() => undefined);
  await held.reached;
  return { turn, running, release: held.release };
}

async function hasBegun({ session, sandbox }: Awaited<ReturnType<RunnerStage['turn']>>): Promise<boolean> {
  const { agentUid } = await getSession(stage.database, session);
  return stage.fixture.runtime.readFile(sandbox, agentUid, 'begun', { maxBytes: 1 }).then(
    () => true,
    () => false,
  );
}

test.each([
  ['looks which attached files are to be placed', LOOKS_FOR_FILES, 'asking'],
  ['has placed an attached file', /set placed_in/, 'answering'],
  ['asks in which life of the sandbox it may have begun', LOOKS_FOR_LIFE, 'asking'],
  ['is about to be started', LOOKS_FOR_LIFE, 'answering'],
] as const)('a command that %s when its turn is settled is not started after it', async (_, statement, where) => {
  const { turn, running, release } = await commandThatWaits(statement, where);
  await inActivity(() => stage.activities.settleSandbox(turn));
  release();
  await expect(running).rejects.toMatchObject(OVER);
  expect(await stage.agentProcesses(turn)).toEqual([]);
  expect(await hasBegun(turn)).toBe(false);
});

test('it is not started either when another process has settled the turn', async () => {
  const { turn, running, release } = await commandThatWaits(LOOKS_FOR_LIFE, 'answering');
  await inActivity(() => stage.restarted().settleSandbox(turn));
  release();
  await expect(running).rejects.toMatchObject(OVER);
  expect(await stage.agentProcesses(turn)).toEqual([]);
});

test('it does not bring up a sandbox that went away before its turn was settled', async () => {
  const { turn, running, release } = await commandThatWaits(LOOKS_FOR_LIFE, 'answering');
  await stage.fixture.engine.docker.getContainer(sandboxName(stage.fixture.installation, turn.sandbox)).kill();
  await inActivity(() => stage.activities.settleSandbox(turn));
  release();
  await expect(running).rejects.toMatchObject(OVER);
  expect(await stage.fixture.runtime.state(turn.sandbox)).toBe('stopped');
});

test('a command of a turn that nobody settled does not start in the next one, which works', async () => {
  const { turn, running, release } = await commandThatWaits(LOOKS_FOR_LIFE, 'answering');
  const next = { ...turn, turn: turn.turn + 1 };
  await stage.database.query("update turn set state = 'failed' where session = $1", [turn.session]);
  await stage.database.query(
    `insert into turn (session, number, claim, requester)
     select session, number + 1, claim || ' next', requester from turn where session = $1`,
    [turn.session],
  );
  await stage.database.query('update sandbox set working_turn = $2 where id = $1', [turn.sandbox, next.turn]);
  await inActivity(() => stage.activities.provisionSandbox(next));
  release();
  await expect(running).rejects.toMatchObject(OVER);
  // The next turn's own starter may be on its way; a late command would stay.
  await until(async () => (await stage.agentProcesses(next)).length === 0, 'nothing of the late command');
  await stage.openLease(next);
  const input = await stage.bash(next, 'echo next');
  expect(await inActivity(() => stage.activities.runTool(input))).toMatchObject({ exitCode: 0 });
});
