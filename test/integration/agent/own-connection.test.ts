import { createEnding } from '../../../activities/end-turn.ts';
import { createOwnConnectionTool } from '../../../agent/own-connection.ts';
import { runToolStep } from '../../../agent/tool-step.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';
import { claimInboxMessages } from '../../../store/claim-messages.ts';
import { inTransaction } from '../../../store/database.ts';
import { saveFile } from '../../../store/files.ts';
import { allowedUses } from '../../../store/own-uses.ts';
import { pressQuestion } from '../../../store/questions.ts';
import { addToolSteps, type StepRef } from '../../../store/steps.ts';
import { lockSession } from '../../../store/turn-fence.ts';
import { finishTurn } from '../../../store/turns.ts';
import { type Said, say, sayAndBegin } from './support/session.ts';
import { createToolStage, type ToolStage } from './support/tool-stage.ts';

let stage: ToolStage;

beforeAll(async () => {
  stage = await createToolStage();
  await stage.database.query(
    "insert into personal_connection (team, person, connection, key_id, sealed) values ('T1', 'U1', 'github', 'k', 'x')",
  );
  await stage.database.query("insert into person (team, id, name, class) values ('T1', 'U1', 'Ada', 'member')");
});
afterAll(() => stage[Symbol.asyncDispose]());

const reads = ({ session, turn }: StepRef) => claimInboxMessages(stage.database, session, turn, () => 0);
const FOR_OTHERS = /Somebody else has given you work in this thread before, or has spoken in it/;

const CALL = { connection: 'github', what_for: 'Read the private repository acme/plans.' };

function run(ref: StepRef) {
  const tools = createToolRegistry().with([createOwnConnectionTool(['github'])]);
  const { signal } = new AbortController();
  return runToolStep({ ...stage.deps, tools }, { ...ref, sandbox: stage.sandbox, sandboxId: 'sb1', signal });
}

async function press({ session }: StepRef, choice: string, by = 'U1') {
  const { rows } = await stage.database.query("select id from question where session = $1 and state = 'open'", [
    session,
  ]);
  return pressQuestion(stage.database, { question: rows[0]?.id, by, name: 'Ada', isMember: true, choice, given: {} });
}

async function ownerOf({ session }: StepRef): Promise<string | null> {
  const { rows } = await stage.database.query('select owner from session where id = $1', [session]);
  return rows[0]?.owner ?? null;
}

const uses = ({ session, turn }: StepRef, requester = 'U1') =>
  allowedUses(stage.database, { session, turn, requester });
const nextTurn = async ({ session }: StepRef, tool = 'use_own_connection', given: object = CALL): Promise<StepRef> => {
  const turn = await sayAndBegin(stage.database, session, 'go on');
  await addToolSteps(stage.database, session, turn, [{ step: 2, tool, call: 'b', arguments: given }]);
  return { session, turn, step: 2 };
};

test('the requester alone is asked; allowed once, it may be used in this turn, and the thread is theirs', async () => {
  const ref = await stage.pending('use_own_connection', CALL);
  expect(await run(ref)).toMatchObject({ waitsMs: expect.any(Number) });
  const { rows } = await stage.database.query(
    "select kind, body->>'user' as user, body->>'text' as text from outbox where session = $1 and key like '%question%'",
    [ref.session],
  );
  expect(rows).toEqual([
    {
      kind: 'ephemeral',
      user: 'U1',
      text: expect.stringMatching(/your own GitHub.*“Read the private repository acme\/plans\.”/),
    },
  ]);
  expect(await ownerOf(ref)).toBeNull();
  expect(await press(ref, 'once', 'U2')).toBe('not-yours');
  expect(await press(ref, 'once')).toBe('taken');
  expect(await uses(ref)).toEqual([]);
  await run(ref);
  expect(await ownerOf(ref)).toBe('U1');
  expect(await uses(ref)).toMatchObject([{ connection: 'github', owner: 'person:T1:U1' }]);
  expect(await uses(ref, 'U2')).toEqual([]);

  const later = await nextTurn(ref);
  expect(await uses(later)).toEqual([]);
  expect(await run(later)).toMatchObject({ waitsMs: expect.any(Number) });
});

test('what may have come by it is marked for the model, and named in the footer', async () => {
  const ref = await stage.pending('use_own_connection', CALL);
  await run(ref);
  await press(ref, 'thread');
  await run(ref);
  await addToolSteps(stage.database, ref.session, ref.turn, [
    { step: 3, tool: 'bash', call: 'c', arguments: { command: 'echo plans' } },
  ]);
  await run({ ...ref, step: 3 });
  const results = await stage.resultOf(ref);
  expect(results.at(-1)?.text).toMatch(
    /^\[may have come by github of <@U1>'s own: it is theirs, not this channel's\]\nexit code 0/,
  );

  const { endTurn } = createEnding({ database: stage.database });
  await endTurn({ ...ref, ending: 'limit' });
  const { rows } = await stage.database.query(
    "select body->>'footer' as footer from outbox where session = $1 and key like '%/answer'",
    [ref.session],
  );
  expect(rows[0]?.footer).toMatch(/^as the agent of this channel, with Ada's own GitHub · /);
  // In the next turn of the same person it may be used again, and nobody is asked.
  const later = await nextTurn(ref);
  expect(await run(later)).toEqual({ exitCode: null, truncated: false });
  expect(await uses(later)).toMatchObject([{ connection: 'github' }]);
});

test('never is kept for the thread, and gives it to nobody', async () => {
  const ref = await stage.pending('use_own_connection', CALL);
  await run(ref);
  await press(ref, 'never');
  await run(ref);
  expect(await uses(ref)).toEqual([]);
  expect(await ownerOf(ref)).toBeNull();
  const later = await nextTurn(ref);
  expect(await run(later)).toEqual({ exitCode: null, truncated: false });
  expect((await stage.resultOf(later)).at(-1)).toMatchObject({
    isError: true,
    text: expect.stringMatching(/Do not ask again/),
  });
});

test('in a thread in which somebody else has given work nobody is asked', async () => {
  const ref = await stage.pending('use_own_connection', CALL);
  await stage.database.query("update turn set requester = 'U2' where session = $1", [ref.session]);
  const mine = await nextTurn(ref);
  expect(await run(mine)).toEqual({ exitCode: null, truncated: false });
  expect((await stage.resultOf(mine)).at(-1)?.text).toMatch(/Somebody else has given you work in this thread before/);
});

test('a schedule is never asked, and what others write is not claimed by a turn of the owner', async () => {
  const ref = await stage.pending('use_own_connection', CALL);
  await stage.database.query("update turn set requester = 'schedule:daily' where session = $1", [ref.session]);
  expect(await run(ref)).toEqual({ exitCode: null, truncated: false });
  expect(await uses(ref, 'schedule:daily')).toEqual([]);

  const owned = await stage.pending('bash', { command: 'true' });
  await stage.database.query("update session set owner = 'U1' where id = $1", [owned.session]);
  await inTransaction(stage.database, async (db) => {
    await lockSession(db, owned.session);
    await finishTurn(db, owned.session, owned.turn, { state: 'answered' });
  });
  await stage.database.query('update inbox set turn = 1 where session = $1', [owned.session]);
  await say(stage.database, owned.session, { text: 'push to mine', author: 'U2' });
  await expect(sayAndBegin(stage.database, owned.session, 'go on')).resolves.toBeGreaterThan(1);
  const { rows } = await stage.database.query("select requester from turn where session = $1 and state = 'running'", [
    owned.session,
  ]);
  expect(rows).toEqual([{ requester: 'U1' }]);
});

const OTHERS: [string, Said][] = [
  ['what somebody else asked for', { text: 'push to mine', author: 'U2' }],
  ['talk that was kept as context', { text: 'the next one here must push to mine', author: 'U2', state: 'context' }],
  ['what an app posted as the person', { text: 'push to mine', author: 'U1', authorClass: 'bot', state: 'context' }],
];

test.each(OTHERS)('when %s was read before, nobody is asked, also when it is deleted since', async (_, said) => {
  const ref = await stage.pending('use_own_connection', CALL);
  await say(stage.database, ref.session, said);
  await reads(ref);
  await stage.database.query('delete from inbox where session = $1', [ref.session]);
  await stage.database.query('delete from transcript where session = $1', [ref.session]);
  expect(await run(ref)).toEqual({ exitCode: null, truncated: false });
  expect((await stage.resultOf(ref)).at(-1)?.text).toMatch(FOR_OTHERS);
});

test.each(OTHERS)('when %s comes while the person is asked, it is not used, read or not', async (_, said) => {
  for (const isRead of [true, false]) {
    const ref = await stage.pending('use_own_connection', CALL);
    await reads(ref);
    expect(await run(ref)).toMatchObject({ waitsMs: expect.any(Number) });
    await say(stage.database, ref.session, said);
    if (isRead) await reads(ref);
    expect(await press(ref, 'thread')).toBe('taken');
    await run(ref);
    expect((await stage.resultOf(ref)).at(-1)?.text).toMatch(FOR_OTHERS);
    expect(await uses(ref)).toEqual([]);
    expect(await ownerOf(ref)).toBeNull();
  }
});

test('what is allowed for a thread does not pass to the next connection of that name', async () => {
  const ref = await stage.pending('use_own_connection', CALL);
  await run(ref);
  await press(ref, 'thread');
  await run(ref);
  // Renewed by OAuth it is the same connection.
  await stage.database.query("update personal_connection set generation = 1, renewed = 'x' where person = 'U1'");
  expect(await uses(await nextTurn(ref))).toMatchObject([{ connection: 'github' }]);
  await stage.database.query("delete from personal_connection where person = 'U1'");
  const without = await nextTurn(ref);
  expect(await uses(without)).toEqual([]);
  await stage.database.query(
    "insert into personal_connection (team, person, connection, key_id, sealed) values ('T1', 'U1', 'github', 'k', 'x')",
  );
  expect(await uses(without)).toEqual([]);
  expect(await run(without)).toMatchObject({ waitsMs: expect.any(Number) });
  await press(without, 'thread');
  await run(without);
  expect(await uses(without)).toMatchObject([{ connection: 'github' }]);
});

test('a file is placed when a turn has read its message, and one of somebody else never in a thread of a person', async () => {
  const ref = await stage.pending('bash', { command: 'true' });
  const written: string[] = [];
  const sandbox = { ...stage.sandbox, writeFile: async (path: string) => void written.push(path) };
  await stage.database.query("update session set owner = 'U1' where id = $1", [ref.session]);
  for (const author of ['U2', 'U1']) {
    const origin = { session: ref.session, name: `${author}.sh`, direction: 'in', origin: author } as const;
    const file = await saveFile(stage.database, { ...origin, bytes: Buffer.from('x') });
    await say(stage.database, ref.session, {
      text: 'use this',
      author,
      files: [{ name: `${author}.sh`, size: 1, file }],
    });
  }
  await stage.run(ref, { sandbox });
  expect(written).toEqual([]);
  await reads(ref);
  await addToolSteps(stage.database, ref.session, ref.turn, [
    { step: 3, tool: 'bash', call: 'c', arguments: { command: 'true' } },
  ]);
  await stage.run({ ...ref, step: 3 }, { sandbox });
  expect(written).toEqual([expect.stringMatching(/U1\.sh$/)]);
});

test('in a thread of a person, what an app posts as this person is not claimed', async () => {
  const ref = await stage.pending('bash', { command: 'true' });
  await stage.database.query("update session set owner = 'U1' where id = $1", [ref.session]);
  await say(stage.database, ref.session, { text: 'push to mine', author: 'U1', authorClass: 'bot' });
  // Only what began the turn.
  expect(await reads(ref)).toBe(1);
});
