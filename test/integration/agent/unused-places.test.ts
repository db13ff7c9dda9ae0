import { createEnding } from '../../../activities/end-turn.ts';
import { createPlaceSandbox } from '../../../activities/place-sandbox.ts';
import { placesOverview } from '../../../store/places.ts';
import { setSandboxState } from '../../../store/sandboxes.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createPlacing, type Placing, type Turn } from './support/placing.ts';

let db: TestDatabase;
let stage: Placing;

beforeEach(async () => {
  db = await createTestDatabase();
  stage = createPlacing(db.database);
});
afterEach(() => db[Symbol.asyncDispose]());

describe('a place that its workflow never came to know, or could not use', () => {
  const endUntold = (turn: Turn) =>
    createEnding({ database: db.database }).endTurn({ ...turn, ending: 'stopped', hasPlace: false });

  test('a stop between the collecting of a place and its answer leaves the place to the next turn at once', async () => {
    await stage.runner('r1', 1);
    const [stopped, next] = [await stage.begun(), await stage.begun()];
    await stage.placed(stopped);
    await endUntold(stopped);
    expect(await stage.placed(next)).toMatchObject({ runner: 'r1' });
    await expect(stage.place(stopped)).rejects.toMatchObject({ code: 'TurnOver' });
  });

  test('a stop leaves a sandbox that rests where it is, with its files', async () => {
    await stage.runner('r1', 1);
    const first = await stage.begun();
    const { sandbox } = await stage.placed(first);
    await setSandboxState(db.database, sandbox, 'running');
    await stage.finish(first);
    const second = await stage.begun(first.session);
    await stage.placed(second);
    await endUntold(second);
    expect((await placesOverview(db.database)).runners).toMatchObject([{ working: 0, resting: 1 }]);
    expect(await stage.placed(await stage.begun(first.session))).toEqual({ runner: 'r1', sandbox });
  });

  const dies = (id: string) =>
    db.database.query("update runner set beat_at = now() - interval '2 minutes' where id = $1", [id]);
  const placeAgain = (turn: Turn, lost: string) =>
    createPlaceSandbox({ database: db.database })({ ...turn, needed: true, lost });

  test('a turn whose runner died before it began is placed on another one', async () => {
    await stage.runner('r1', 1);
    const turn = await stage.begun();
    const { sandbox: lost } = await stage.placed(turn);
    await dies('r1');
    expect(await placeAgain(turn, lost)).toEqual({ waitsFor: 'RunnerUnavailable' });
    await stage.runner('r2', 1);
    const again = await placeAgain(turn, lost);
    expect(again).toMatchObject({ runner: 'r2' });
    // A late attempt of the same asking, and one of an earlier asking, find the new place.
    expect(await placeAgain(turn, lost)).toEqual(again);
    expect(await stage.place(turn)).toEqual(again);
    expect((await placesOverview(db.database)).runners).toMatchObject([{ working: 0 }, { working: 1 }]);
  });

  test('a turn whose runner lives keeps its place, whatever it says', async () => {
    await Promise.all([stage.runner('r1', 1), stage.runner('r2', 1)]);
    const turn = await stage.begun();
    const first = await stage.placed(turn);
    expect(await placeAgain(turn, first.sandbox)).toEqual(first);
    await dies(first.runner);
    expect(await placeAgain(turn, 'another sandbox')).toEqual(first);
  });
});
