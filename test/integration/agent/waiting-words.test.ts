import { createShowProgress } from '../../../activities/progress.ts';
import { sayPlaces } from '../../../activities/say-places.ts';
import { grantPlaces } from '../../../store/grant-places.ts';
import type { RunnerPart } from '../../../store/runners.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createPlacing, type Placing, type Turn } from './support/placing.ts';

let db: TestDatabase;
let stage: Placing;

beforeEach(async () => {
  db = await createTestDatabase();
  stage = createPlacing(db.database);
});
afterEach(() => db[Symbol.asyncDispose]());

describe('what the thread is told', () => {
  async function twoInLine(): Promise<[Turn, Turn, Turn]> {
    await stage.runner('r1', 1);
    const turns: [Turn, Turn, Turn] = [await stage.begun(), await stage.begun(), await stage.begun()];
    await stage.placed(turns[0]);
    await stage.place(turns[1], true);
    await stage.place(turns[2], true);
    return turns;
  }

  test('after five seconds a turn that stands still says where it is in line, in its one live line', async () => {
    const [, first, second] = await twoInLine();
    await sayPlaces(db.database);
    expect(await stage.told(first.session)).toEqual([]);
    await createShowProgress(db.database)({ ...first, step: 1, what: 'thinking' });
    await Promise.all([stage.ages(first, 7), stage.ages(second, 6)]);
    await sayPlaces(db.database);
    expect(await stage.told(first.session)).toEqual(['all sandboxes are at work; you are 1st in line']);
    expect(await stage.told(second.session)).toEqual(['all sandboxes are at work; you are 2nd in line']);
  });

  test('the words go when the wait is over', async () => {
    const [works, first, second] = await twoInLine();
    await Promise.all([stage.ages(first, 7), stage.ages(second, 6)]);
    await sayPlaces(db.database);
    await stage.finish(works);
    await grantPlaces(db.database);
    await stage.placed(first);
    expect(await stage.told(first.session)).toEqual(['starting my sandbox']);
    await db.database.query("update place_request set said_at = now() - interval '11 seconds'");
    await sayPlaces(db.database);
    expect(await stage.told(second.session)).toEqual(['all sandboxes are at work; you are 1st in line']);
  });

  test('a turn that can still do without a sandbox says nothing', async () => {
    await stage.runner('r1', 1);
    const [works, thinks] = [await stage.begun(), await stage.begun()];
    await stage.placed(works);
    await stage.place(thinks, false);
    await stage.ages(thinks, 60);
    await sayPlaces(db.database);
    expect(await stage.told(thinks.session)).toEqual([]);
    await stage.place(thinks, true);
    await sayPlaces(db.database);
    expect(await stage.told(thinks.session)).toEqual(['all sandboxes are at work; you are 1st in line']);
  });

  test.each<[readonly RunnerPart[] | null, RegExp]>([
    [null, /no machine that can run my sandbox is up/],
    [['image'], /image is still being built; I start by myself/],
    [['proxy'], /no machine that can run my sandbox is up/],
  ])('with a runner that lacks %s it says what it waits for', async (lacks, words) => {
    if (lacks) await stage.runner('r1', 1, lacks);
    const turn = await stage.begun();
    await stage.place(turn, true);
    await stage.ages(turn, 6);
    await sayPlaces(db.database);
    expect(await stage.told(turn.session)).toEqual([expect.stringMatching(words)]);
  });
});
