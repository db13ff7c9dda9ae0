import type { SandboxPort } from '../../../agent/tools/sandbox-port.ts';
import { addToolSteps } from '../../../store/steps.ts';
import { attachAndRead } from './support/session.ts';
import { createToolStage, type ToolStage } from './support/tool-stage.ts';

let stage: ToolStage;

beforeAll(async () => {
  stage = await createToolStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

test('files are written, read in part, edited and posted', async () => {
  const write = await stage.pending('write_file', { path: 'dir/f.txt', text: 'one\ntwo\nthree\n' });
  await stage.run(write);
  expect((await stage.resultOf(write))[0]?.text).toBe('Wrote 14 bytes to dir/f.txt.');

  const edit = await stage.pending('edit_file', { path: 'dir/f.txt', old_text: 'two', new_text: '2 $& 2' });
  await stage.run(edit);
  const read = await stage.pending('read_file', { path: 'dir/f.txt', from_line: 2, lines: 1 });
  await stage.run(read);
  expect((await stage.resultOf(read))[0]).toEqual({ text: '2 $& 2', isError: false });

  await stage.run(await stage.pending('post_file', { path: 'dir/f.txt' }));
  expect(stage.posted.at(-1)).toMatchObject({ name: 'f.txt', bytes: Buffer.from('one\n2 $& 2\nthree\n') });
});

test.each([
  ['read_file', { path: 'nowhere' }, /^There is no such file\./],
  ['post_file', { path: 'nowhere' }, /^There is no such file\./],
  [
    'edit_file',
    { path: 'twice', old_text: 'x', new_text: 'y' },
    /^old_text occurs 2 times in twice; it was not changed/,
  ],
  ['edit_file', { path: 'twice', old_text: 'z', new_text: 'y' }, /^old_text does not occur in twice/],
])('%s of %j is answered with what is wrong', async (tool, given, expected) => {
  await stage.sandbox.writeFile('twice', Buffer.from('x x'), { signal: new AbortController().signal });
  const ref = await stage.pending(tool, given);
  await stage.run(ref);
  expect(await stage.resultOf(ref)).toEqual([{ text: expect.stringMatching(expected), isError: true }]);
});

test('attached files are in the workspace before the first tool runs, and again in a new workspace', async () => {
  const ref = await stage.pending('bash', { command: 'true' });
  const bytes = Buffer.from('a,b');
  await attachAndRead(stage.database, ref, { name: 'd.csv', bytes });
  const written: string[] = [];
  const watched: SandboxPort = { ...stage.sandbox, writeFile: async (path) => void written.push(path) };
  const more = (step: number) =>
    addToolSteps(stage.database, ref.session, ref.turn, [
      { step, tool: 'bash', call: `c${step}`, arguments: { command: 'true' } },
    ]);
  await stage.run(ref, { sandbox: watched });
  await more(3);
  await stage.run({ ...ref, step: 3 }, { sandbox: watched });
  expect(written).toEqual([expect.stringMatching(/^\/workspace\/uploads\/[0-9a-f]{8}\/d\.csv$/)]);
  await more(4);
  await stage.run({ ...ref, step: 4 }, { sandbox: watched, sandboxId: 'sb2' });
  expect(written).toHaveLength(2);
});

test('of many tools that begin at once, one places what is attached', async () => {
  const ref = await stage.pending('view_file', { path: 'a.txt' });
  await attachAndRead(stage.database, ref, { name: 'a.csv', bytes: Buffer.from('a,b') });
  const steps = Array.from({ length: 10 }, (_, nth) => ({ ...ref, step: 2 + nth }));
  await addToolSteps(
    ...([stage.database, ref.session, ref.turn] as const),
    steps.slice(1).map(({ step }) => ({ step, tool: 'view_file', call: `c${step}`, arguments: { path: 'a.txt' } })),
  );
  const written: string[] = [];
  const watched: SandboxPort = { ...stage.sandbox, writeFile: async (path) => void written.push(path) };
  await Promise.all(steps.map((step) => stage.run(step, { sandbox: watched })));
  expect(written).toEqual([expect.stringMatching(/a\.csv$/)]);
}, 60_000);

test('an attached file that finds no room does not keep the tools from working', async () => {
  const ref = await stage.pending('bash', { command: 'echo works' });
  const bytes = Buffer.from('a,b');
  await attachAndRead(stage.database, ref, { name: 'd.csv', bytes });
  const full = Object.assign(new Error('no space left'), { code: 'WorkspaceFull' });
  await stage.run(ref, { sandbox: { ...stage.sandbox, writeFile: () => Promise.reject(full) } });
  expect((await stage.resultOf(ref))[0]?.text).toMatch(
    /works\n\nThe attached file .*d\.csv is not there: The workspace is full/,
  );
});
