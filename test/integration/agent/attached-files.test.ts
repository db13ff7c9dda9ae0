import { runModelStep } from '../../../agent/model-step.ts';
import { saveFile } from '../../../store/files.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { answering, lastMessage, type ScriptedModel, scriptedModel, text } from './support/scripted-model.ts';
import { newSession, say, sayAndBegin } from './support/session.ts';
import { agentOn, LIMITS, stepOf } from './support/turn.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});

afterAll(() => db[Symbol.asyncDispose]());

const agentWith = (model: ScriptedModel) => agentOn(db.database, model);

test('files that somebody attached are named with their place in the workspace', async () => {
  const session = await newSession(db.database);
  const bytes = Buffer.from('day,deploys\n');
  const file = await saveFile(db.database, { session, name: 'data.csv', bytes, direction: 'in', origin: 'data.csv' });
  await say(db.database, session, {
    text: 'see these',
    files: [
      { name: 'data "1".csv', size: 12, file },
      { name: 'big.iso', size: 9e9, problem: 'not taken: larger than 20 MB' },
    ],
  });
  const turn = await sayAndBegin(db.database, session, 'ok?');
  const model = scriptedModel([answering([text('ok')])]);
  await runModelStep(agentWith(model), stepOf(session, turn, 1));
  const sent = lastMessage(model.requests[0]);
  expect(sent).toContain(`[file: /workspace/uploads/${file.slice(0, 8)}/data _1_.csv, 12 bytes]`);
  expect(sent).toContain('[file: big.iso (not taken: larger than 20 MB)]');
});

test.each([
  [10, 3],
  [4, 2],
  [3, 1],
])('of %i steps, pictures that are looked at first leave one for the answer', async (steps, looked) => {
  const session = await newSession(db.database);
  const bytes = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108020000', 'hex');
  const names = ['one.png', 'two.png', 'three.png'];
  const files = await Promise.all(
    names.map(async (name) => {
      const file = await saveFile(db.database, { session, name, bytes, direction: 'in', origin: name });
      return { name, size: bytes.length, file };
    }),
  );
  await say(db.database, session, { text: 'see', files });
  const turn = await sayAndBegin(db.database, session, 'what is wrong?');
  const model = scriptedModel([answering([text('a dot')])], undefined, ['images']);
  const limits = { ...LIMITS, steps };
  const looks = await runModelStep(agentWith(model), stepOf(session, turn, 1, limits));
  expect(looks).toMatchObject({ nextStep: looked + 2, done: false, limit: null });
  expect(looks.tools).toHaveLength(looked);
  const answer = await runModelStep(agentWith(model), stepOf(session, turn, looks.nextStep, limits));
  expect(answer).toMatchObject({ done: true, limit: null });
});

test('with two steps no picture is looked at first, because the answer comes before it', async () => {
  const session = await newSession(db.database);
  const bytes = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108020000', 'hex');
  const file = await saveFile(db.database, { session, name: 'one.png', bytes, direction: 'in', origin: 'one.png' });
  await say(db.database, session, { text: 'see', files: [{ name: 'one.png', size: bytes.length, file }] });
  const turn = await sayAndBegin(db.database, session, 'what is wrong?');
  const model = scriptedModel([answering([text('I did not look.')])], undefined, ['images']);
  const limits = { ...LIMITS, steps: 2 };
  expect(await runModelStep(agentWith(model), stepOf(session, turn, 1, limits))).toMatchObject({ done: true });
});
