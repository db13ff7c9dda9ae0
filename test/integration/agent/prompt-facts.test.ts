/** What the model is told of place, time and people, as its requests have it. */
import { createEnding } from '../../../activities/end-turn.ts';
import type { ModelRequest } from '../../../agent/model/model.ts';
import { runModelStep } from '../../../agent/model-step.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { saveChannel } from '../../../store/channels.ts';
import { savePeople } from '../../../store/people.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { answering, call, type ScriptedModel, scriptedModel, text } from './support/scripted-model.ts';
import { newSession, say, sayAndBegin } from './support/session.ts';
import { agentOn, LIMITS } from './support/turn.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await saveChannel(db.database, {
    ...{ team: 'T1', id: 'C1', name: 'ops', kind: 'public', external: false },
    ...{ topic: 'Deploys\0 on Monday', purpose: 'Where we run things' },
  });
  await savePeople(db.database, [
    { team: 'T1', id: 'U1', name: 'Ana', class: 'member', title: 'Site reliability', zone: 'Asia/Tokyo', updated: 1 },
  ]);
});
afterAll(() => db[Symbol.asyncDispose]());

const agentWith = (model: ScriptedModel) => agentOn(db.database, model);

async function stepOf(model: ScriptedModel, session: SessionId, turn: number, step = 1): Promise<void> {
  const { signal } = new AbortController();
  await runModelStep(agentWith(model), { session, turn, step, limits: LIMITS, signal });
}

function textsOf(request: ModelRequest | undefined): string[] {
  return (request?.messages ?? []).flatMap(({ content }) =>
    content.flatMap((block) => (block.type === 'text' ? [block.text] : [])),
  );
}

test('the channel stands in the system prompt, time and requester stand at their turn, and neither moves later', async () => {
  const model = scriptedModel([answering([text('one')]), answering([text('two')])]);
  const session = await newSession(db.database);
  await stepOf(model, session, await sayAndBegin(db.database, session, 'first'));
  await stepOf(model, session, await sayAndBegin(db.database, session, 'second'));
  const [first, second] = model.requests;
  expect(first?.system).toContain('- Topic: "Deploys\u{FFFD} on Monday"\n- Description: "Where we run things"');
  expect(first?.system).not.toMatch(/\d\d:\d\d|Ana|Asia/);
  expect(second?.system).toBe(first?.system);
  expect(textsOf(first)[0]).toMatch(
    /^<turn number="1" now="\w+, \d{4}-\d\d-\d\d \d\d:\d\d \(Asia\/Tokyo\)" utc=".+ \(UTC\)" requester="Ana" id="U1" title="Site reliability" \/>$/,
  );
  expect(textsOf(second).slice(0, 2)).toEqual(textsOf(first));
  expect(textsOf(second).filter((each) => each.startsWith('<turn '))).toHaveLength(2);
});

test('two threads of a channel have one system prompt, and each has its own link behind it', async () => {
  const model = scriptedModel([answering([text('one')]), answering([text('two')])]);
  for (const link of ['https://a.test/1', 'https://a.test/2']) {
    const session = await newSession(db.database);
    await db.database.query('update session set permalink = $2 where id = $1', [session, link]);
    await stepOf(model, session, await sayAndBegin(db.database, session, 'hi'));
  }
  const [first, second] = model.requests;
  expect(second?.system).toBe(first?.system);
  expect([first?.thread, second?.thread]).toEqual([
    'The link to this thread: https://a.test/1',
    'The link to this thread: https://a.test/2',
  ]);
});

describe('a model that has nothing to say', () => {
  const answersOf = async (session: SessionId) => {
    const { rows } = await db.database.query<{ kind: string; body: { text?: string; status?: string } }>(
      "select kind, body from outbox where session = $1 and (kind = 'status' or body->>'kind' = 'answer')",
      [session],
    );
    return rows.map(({ kind, body }) => (kind === 'status' ? `status:${body.status}` : body.text));
  };
  const end = (session: SessionId, turn: number) =>
    createEnding({ database: db.database }).endTurn({ session, turn, ending: 'answered' });

  test('posts nothing and ends the native status', async () => {
    const session = await newSession(db.database);
    const turn = await sayAndBegin(db.database, session, 'thanks, all clear!');
    await stepOf(scriptedModel([answering([text('NO_REPLY')])]), session, turn);
    expect(await end(session, turn)).toEqual({ more: false });
    expect(await answersOf(session)).toEqual(['status:']);
    const { rows } = await db.database.query('select state from turn where session = $1', [session]);
    expect(rows).toEqual([{ state: 'answered' }]);
  });

  test('is not believed after it has worked: who asked hears of it', async () => {
    const session = await newSession(db.database);
    const turn = await sayAndBegin(db.database, session, 'restart it');
    const model = scriptedModel([answering([call('a', 'nothing', {})], 'tools'), answering([text('NO_REPLY')])]);
    await stepOf(model, session, turn);
    await stepOf(model, session, turn, 3);
    await end(session, turn);
    const { rows } = await db.database.query("select body from outbox where session = $1 and kind = 'message'", [
      session,
    ]);
    expect(JSON.stringify(rows)).toContain('My model ended without an answer');
    expect(JSON.stringify(rows)).not.toContain('NO_REPLY');
  });

  test('but who added a request in the meantime gets its answer alone', async () => {
    const session = await newSession(db.database);
    const turn = await sayAndBegin(db.database, session, 'thanks');
    const model = scriptedModel([answering([text('NO_REPLY')]), answering([text('It is 3.')])]);
    await stepOf(model, session, turn);
    await say(db.database, session, { text: 'how many were there?' });
    expect(await end(session, turn)).toEqual({ more: true });
    await stepOf(model, session, turn, 2);
    await end(session, turn);
    expect(await answersOf(session)).toEqual(['It is 3.']);
  });
});
