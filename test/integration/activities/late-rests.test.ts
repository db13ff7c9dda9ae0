import type { ProvisionInput } from '../../../contracts/activities.ts';
import type { Fence } from '../../../contracts/fence.ts';
import { sandboxById } from '../../../store/sandboxes.ts';
import { inActivity, type RunnerStage, startRunnerStage } from './support/runner-stage.ts';

let stage: RunnerStage;

beforeAll(async () => {
  stage = await startRunnerStage();
}, 900_000);
afterAll(async () => await stage?.[Symbol.asyncDispose](), 60_000);

const workingTurn = async (id: string): Promise<number | null> => {
  const { rows } = await stage.database.query('select working_turn from sandbox where id = $1', [id]);
  return rows[0]?.working_turn ?? null;
};

const endTurn = ({ session, turn }: ProvisionInput) =>
  stage.database.query("update turn set state = 'answered', ended_at = now() where session = $1 and number = $2", [
    session,
    turn,
  ]);

/** The fence of the last asking for a turn of the session. */
async function fenceOf({ session }: ProvisionInput): Promise<Fence> {
  const { rows } = await stage.database.query<Fence>(
    'select fence_run as run, fence_count as count from session where id = $1',
    [session],
  );
  return rows[0] ?? { run: 0, count: 0 };
}

/** The session's next turn, which holds the place and works in the sandbox. */
async function nextTurn(first: ProvisionInput): Promise<ProvisionInput> {
  const next = await stage.nextTurn(first, 'more');
  await inActivity(() => stage.activities.provisionSandbox(next));
  return next;
}

test.each(['pauseSandbox', 'removeSandbox'] as const)(
  'a %s of an earlier turn that comes late leaves the sandbox of a later turn alone',
  async (name) => {
    const first = await stage.turn();
    await inActivity(() => stage.activities.settleSandbox(first));
    const fence = await fenceOf(first);
    const next = await nextTurn(first);
    await inActivity(() => stage.activities[name]({ ...first, fence }));
    expect(await stage.fixture.runtime.state(first.sandbox)).toBe('running');
    expect(await workingTurn(first.sandbox)).toBe(next.turn);
    await endTurn(next);
    const newest = await fenceOf(next);
    await inActivity(() => stage.activities[name]({ ...next, fence: newest }));
    expect(await stage.fixture.runtime.state(first.sandbox)).toBe(name === 'pauseSandbox' ? 'paused' : 'missing');
    expect(await workingTurn(first.sandbox)).toBeNull();
  },
  30_000,
);

test('a late provisioning of an earlier turn is refused while a later turn works', async () => {
  const first = await stage.turn();
  const next = await nextTurn(first);
  const late = inActivity(() => stage.activities.provisionSandbox(first));
  await expect(late).rejects.toMatchObject({ type: 'SessionEnded' });
  expect(await workingTurn(first.sandbox)).toBe(next.turn);
}, 30_000);

test('settling gives the place back, and a late settling of an earlier turn does not take a later one its place', async () => {
  const first = await stage.turn();
  expect(await workingTurn(first.sandbox)).toBe(first.turn);
  await inActivity(() => stage.activities.settleSandbox(first));
  expect(await workingTurn(first.sandbox)).toBeNull();
  const next = await nextTurn(first);
  await inActivity(() => stage.activities.settleSandbox(first));
  expect(await workingTurn(first.sandbox)).toBe(next.turn);
}, 30_000);

test('a turn that was placed and never provisioned is settled without a container', async () => {
  const turn = await stage.turn();
  await stage.fixture.runtime.remove(turn.sandbox);
  await inActivity(() => stage.activities.settleSandbox(turn));
  expect(await workingTurn(turn.sandbox)).toBeNull();
  expect(await sandboxById(stage.database, turn.sandbox)).toMatchObject({ state: 'running' });
}, 30_000);
