/** What the thread is told while a model keeps a turn waiting, and when that goes again. */
import { ApplicationFailure } from '@temporalio/common';
import { ModelError } from '../../../agent/errors.ts';
import { tellWait } from '../../../agent/model-wait.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { startModelStep } from '../../../store/steps.ts';
import { inTurn } from '../../../store/turn-fence.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { activitiesOn, asking, callModelOn, inActivity } from './support/late-attempts.ts';
import { answering, call, scriptedModel, text } from './support/scripted-model.ts';
import { newSession, say } from './support/session.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db[Symbol.asyncDispose]());

async function begun(): Promise<SessionId> {
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'work' });
  await activitiesOn(db.database).beginTurn(asking(session, 1));
  return session;
}

interface Trouble {
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly code?: 'ModelUnavailable' | 'ModelRateLimited';
  readonly words?: string;
}

function failing({ code = 'ModelUnavailable', words = 'no', ...options }: Trouble) {
  return () => Promise.reject(new ModelError(code, words, options));
}

/** One attempt of a step that fails with these. */
async function fails(session: SessionId, trouble: Trouble, step = 1): Promise<void> {
  const attempt = inActivity(() =>
    callModelOn(db.database, scriptedModel([failing(trouble)]))({ session, turn: 1, step }),
  );
  await expect(attempt).rejects.toBeInstanceOf(ApplicationFailure);
}

/** The messages of waits in a thread that were ever written: their words, or `gone`. */
async function waits(session: SessionId): Promise<string[]> {
  const { rows } = await db.database.query<{ said: string }>(
    `select case when body ->> 'kind' = 'gone' then 'gone' else body ->> 'text' end as said
     from outbox where session = $1 and key like '%/wait' order by id`,
    [session],
  );
  return rows.map(({ said }) => said);
}

const BUSY = { status: 529, retryAfterMs: 40_000 };

test('a wait of more than 30 s is told once, in words that stay true, and is gone with the answer', async () => {
  const session = await begun();
  await fails(session, BUSY);
  expect(await waits(session)).toEqual([
    'The language model is overloaded and asked me to wait. I try again in 40 s; nothing is lost.',
  ]);
  await fails(session, { status: 500 });
  expect(await waits(session)).toEqual([
    "The language model's service has a fault. I have waited for 40 s so far and try again in 2 s; nothing is lost.",
  ]);
  const model = scriptedModel([answering([text('here it is')])]);
  await inActivity(() => callModelOn(db.database, model)({ session, turn: 1, step: 1 }));
  expect(await waits(session)).toEqual(['gone']);
});

test.each<[string, Trouble]>([
  [
    'The language model is over its rate limit and asked me to wait.',
    { code: 'ModelRateLimited', status: 429, retryAfterMs: 31_000 },
  ],
  [
    'The language model is overloaded and asked me to wait.',
    { words: 'no status overloaded_error: Overloaded', retryAfterMs: 31_000 },
  ],
  ['The language model does not answer and asked me to wait.', { retryAfterMs: 31_000 }],
])('it says why: %s', async (words, trouble) => {
  const session = await begun();
  await fails(session, trouble);
  expect(await waits(session)).toEqual([`${words} I try again in 31 s; nothing is lost.`]);
});

test('short retries are told only when together they take more than 30 s, each step for itself', async () => {
  const session = await begun();
  for (let n = 0; n < 4; n += 1) await fails(session, {});
  expect(await waits(session)).toEqual([]);
  await fails(session, {});
  expect(await waits(session)).toEqual(['The language model does not answer. I try again in 16 s; nothing is lost.']);
  const model = scriptedModel([answering([call('a', 'bash', { command: 'x' })], 'tools')]);
  await inActivity(() => callModelOn(db.database, model)({ session, turn: 1, step: 1 }));
  await fails(session, { status: 500 }, 3);
  expect(await waits(session)).toEqual(['gone']);
  await fails(session, BUSY, 3);
  expect(await waits(session)).toEqual([
    'gone',
    'The language model is overloaded and asked me to wait. I try again in 40 s; nothing is lost.',
  ]);
});

test('a wait that is longer than the model is waited for at all is not told: the end of the turn says so', async () => {
  const session = await begun();
  await fails(session, { status: 429, code: 'ModelRateLimited', retryAfterMs: 86_400_000 });
  expect(await waits(session)).toEqual([]);
});

test('the time in which an answer was read is no wait, and a model that wrote is not said to be silent', async () => {
  const session = await begun();
  const ref = { session, turn: 1, step: 1 };
  await inTurn(db.database, ref, (tx) => startModelStep(tx, ref));
  const error = new ModelError('ModelUnavailable', 'the stream ended early', {});
  const tell = (pauseMs: number) =>
    inTurn(db.database, ref, (tx) => tellWait(tx, ref, error, { lostMs: 60_000 + pauseMs, pauseMs, brokeOff: true }));
  await tell(1_000);
  expect(await waits(session)).toEqual([]);
  await tell(40_000);
  expect(await waits(session)).toEqual([
    'The connection to the language model broke off. I try again in 40 s; nothing is lost.',
  ]);
});

test.each(['stopped', 'failed'] as const)('a turn that has %s meanwhile takes it along', async (ending) => {
  const session = await begun();
  await fails(session, BUSY);
  await activitiesOn(db.database).endTurn({ session, turn: 1, ending });
  expect(await waits(session)).toEqual(['gone']);
});

/** An attempt that fails when it is told to. */
function lateFailure(session: SessionId) {
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const model = scriptedModel([
    async () => {
      asked.resolve();
      await released.promise;
      return failing(BUSY)();
    },
  ]);
  const done = inActivity(() => callModelOn(db.database, model)({ session, turn: 1, step: 1 })).then(
    () => 'answered',
    () => 'failed',
  );
  return { asked: asked.promise, fail: () => released.resolve(), done };
}

test('an attempt that fails after another one has answered tells nothing', async () => {
  const session = await begun();
  const late = lateFailure(session);
  await late.asked;
  const model = scriptedModel([answering([call('a', 'bash', { command: 'x' })], 'tools')]);
  await inActivity(() => callModelOn(db.database, model)({ session, turn: 1, step: 1 }));
  late.fail();
  expect(await late.done).toBe('failed');
  expect(await waits(session)).toEqual([]);
});

test('an attempt that fails after its turn has ended tells nothing', async () => {
  const session = await begun();
  const late = lateFailure(session);
  await late.asked;
  await activitiesOn(db.database).endTurn({ session, turn: 1, ending: 'stopped' });
  late.fail();
  expect(await late.done).toBe('failed');
  expect(await waits(session)).toEqual([]);
});

test('two attempts that fail side by side share one message', async () => {
  const session = await begun();
  const late = lateFailure(session);
  await late.asked;
  await fails(session, BUSY);
  late.fail();
  await late.done;
  expect(await waits(session)).toHaveLength(1);
});
