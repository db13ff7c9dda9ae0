import { createPlaceSandbox } from '../../activities/place-sandbox.ts';
import type { PlaceAsk } from '../../store/places.ts';
import { liveRunners } from '../../store/runners.ts';
import { countHeld, expiredWorkspaces, heldBy, noteSettled, restedLongest } from '../../store/sandboxes.ts';
import { contention } from '../support/contention.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedManyPlaces } from '../support/many-places.ts';

const SESSIONS = 300_000;
const TURNS = 200;
const CHANNELS = 20;

let db: TestDatabase;
let turns: PlaceAsk[];

beforeAll(async () => {
  db = await createTestDatabase();
  turns = await seedManyPlaces(db.database, { sessions: SESSIONS, turns: TURNS, channels: CHANNELS, places: 60 });
}, 180_000);
afterAll(() => db?.[Symbol.asyncDispose](), 60_000);

test('two hundred turns that begin at once are placed as places become free, over twenty a second, and channels share them', async () => {
  const place = createPlaceSandbox({ database: db.database });
  const began = performance.now();
  let left = turns;
  const served: string[] = [];
  while (left.length > 0) {
    const answers = await Promise.all(left.map(async (turn) => ({ turn, answer: await place(turn) })));
    const placed = answers.flatMap(({ turn, answer }) => ('runner' in answer ? [{ turn, answer }] : []));
    served.push(...placed.map(({ turn }) => turn.session));
    await Promise.all(placed.map(({ answer }) => noteSettled(db.database, answer.sandbox, 1)));
    left = answers.flatMap(({ turn, answer }) => ('runner' in answer ? [] : [turn]));
  }
  const perSecond = TURNS / ((performance.now() - began) / 1_000);
  expect(new Set(served).size).toBe(TURNS);
  expect(perSecond).toBeGreaterThan(20);
  console.info(`${Math.round(perSecond)} placements a second at ${SESSIONS} sessions`);
  // Each channel got its share of the first round's 120 places.
  const first = served.slice(0, 120).map((session) => session.split(':')[2]);
  const counts = [...new Set(first)].map((channel) => first.filter((each) => each === channel).length);
  expect(counts).toHaveLength(CHANNELS);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
}, 60_000);

test.each<[string, () => Promise<unknown>]>([
  ['live runners', () => liveRunners(db.database)],
  ['how many containers a runner holds', () => countHeld(db.database, 'r1')],
  ['which containers a runner holds', () => heldBy(db.database, 'r1')],
  ['what has rested longest', () => restedLongest(db.database, 'r1', 5)],
  ['expired workspaces', () => expiredWorkspaces(db.database, 'r1', 24)],
])('%s are found without reading the sessions', async (_, query) => {
  await query();
  const times: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const began = performance.now();
    await query();
    times.push(performance.now() - began);
  }
  expect(Math.min(...times)).toBeLessThan(10 * contention());
});
