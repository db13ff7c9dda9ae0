/** What a turn has cost: in its footer, and in its record. */
import { createEnding } from '../../../activities/end-turn.ts';
import type { Model } from '../../../agent/model/model.ts';
import { foundText } from '../../../cli/find/found-text.ts';
import type { ModelUsage } from '../../../contracts/conversation.ts';
import type { Cost, Price } from '../../../contracts/cost.ts';
import { threadOf } from '../../../contracts/ids.ts';
import { findThread } from '../../../store/find-thread.ts';
import { modelUse, recordUsage } from '../../../store/model-usage.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { answering, call, scriptedModel, text } from './support/scripted-model.ts';
import { newSession, sayAndBegin } from './support/session.ts';
import { agentOf, runTurn } from './support/turn.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db[Symbol.asyncDispose]());

const PRICE: Price = { currency: 'USD', input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 };

/** A turn of as many answers; every model of a pair of `usage` and `price` gives one. */
async function turnOf(...answers: readonly { usage: ModelUsage; price?: Price; model?: string }[]) {
  const session = await newSession(db.database);
  const turn = await sayAndBegin(db.database, session, 'work');
  const given = answers.map(({ usage, model = 'm' }, index) => {
    const last = index === answers.length - 1;
    const blocks = last ? [text('Done.')] : [call(`c${index}`, 'nothing', { index })];
    return () => ({ ...answering(blocks, last ? 'end' : 'tools')(), usage, model });
  });
  const scripted = scriptedModel(given);
  const model = {
    ...scripted,
    // The model that is in force may change from call to call.
    get price() {
      return answers[scripted.requests.length - 1]?.price;
    },
  } as Model;
  const deps = { ...agentOf(db.database, 'http://127.0.0.1:1'), model };
  await runTurn(deps, {} as never, session, turn);
  await createEnding({ database: db.database }).endTurn({ session, turn, ending: 'answered' });
  const { rows } = await db.database.query<{ footer: string }>(
    "select body ->> 'footer' as footer from outbox where key = $1",
    [`${session}/${turn}/answer`],
  );
  const { channel, threadTs } = threadOf(session);
  const found = await findThread(db.database, { channel, ts: threadTs, threadTs: null });
  return { footer: rows[0]?.footer ?? '', found, shown: found ? foundText(found, null) : '' };
}

const USAGE = { inputTokens: 100_000, outputTokens: 1_000 };

test('the footer has the sum of all steps, each kind of tokens at its price', async () => {
  const { footer, found, shown } = await turnOf(
    { usage: { ...USAGE, cacheWriteTokens: 80_000 }, price: PRICE },
    { usage: { ...USAGE, cachedTokens: 90_000 }, price: PRICE },
  );
  // 20,000 and 10,000 fresh, 80,000 kept, 90,000 from before, 2,000 out: 0.06 + 0.03 + 0.3 + 0.027 + 0.03.
  expect(footer).toMatch(/2 steps of m · \$0\.45$/);
  expect(found?.turns[0]?.models).toEqual([
    {
      ...{ model: 'm', answers: 2, inputTokens: 200_000, outputTokens: 2_000, cachedTokens: 90_000 },
      ...{ cacheWriteTokens: 80_000, cost: { currency: 'USD', amount: 0.447 } },
    },
  ]);
  expect(shown).toMatch(/202,000 tokens, \$0\.45$/m);
});

test('without a price, or with one of its steps without, no cost is shown', async () => {
  const none = await turnOf({ usage: USAGE });
  expect(none.footer).toMatch(/1 step of m$/);
  expect(none.shown).toMatch(/101,000 tokens$/m);
  const some = await turnOf({ usage: USAGE, price: PRICE }, { usage: USAGE, model: 'other' });
  expect(some.footer).toMatch(/2 steps of m and other$/);
  expect(some.found?.turns[0]?.models.map(({ cost }) => cost?.currency ?? null)).toEqual(['USD', null]);
});

test('tokens that the server did not count cost nothing that anybody could say', async () => {
  const { footer } = await turnOf({ usage: { ...USAGE, estimated: true }, price: PRICE });
  expect(footer).toMatch(/1 step of m$/);
});

test('models with prices in two currencies are both told', async () => {
  const euro = { ...PRICE, currency: 'EUR' };
  const { footer } = await turnOf({ usage: USAGE, price: PRICE }, { usage: USAGE, price: euro, model: 'other' });
  expect(footer).toMatch(/2 steps of m and other · €0\.32 \+ \$0\.32$/);
});

test.each<[string, Cost | null, Cost | null]>([
  ['in one currency has their sum', { currency: 'USD', amount: 0.5 }, { currency: 'USD', amount: 0.75 }],
  ['where one has no price has none', null, null],
  ['in two currencies has none', { currency: 'EUR', amount: 0.5 }, null],
])('a step with a summary and an answer %s', async (_, second, sum) => {
  const session = await newSession(db.database);
  const turn = await sayAndBegin(db.database, session, 'work');
  const step = { session, turn, step: 1, model: 'm', ...USAGE };
  await recordUsage(db.database, { ...step, cost: { currency: 'USD', amount: 0.25 } });
  await recordUsage(db.database, { ...step, cost: second });
  expect(await modelUse(db.database, session, turn)).toMatchObject([{ answers: 1, inputTokens: 200_000, cost: sum }]);
});
