import { setTimeout as pause } from 'node:timers/promises';
import type { Progress } from '../../../activities/progress.ts';
import { createLiveLine } from '../../../activities/progress.ts';
import { until } from '../../support/until.ts';

const SESSION = 'slack:T1:C1:1.0' as const;
const words = (what: string): Progress => ({ session: SESSION, turn: 1, step: 2, what });

function recorded() {
  const said: string[] = [];
  const line = createLiveLine(
    async ({ what }) => {
      said.push(what);
    },
    () => undefined,
  );
  return { said, line };
}

test('work that is over at once says nothing in the thread', async () => {
  const { said, line } = recorded();
  line.say(words('running a command'));
  line.end();
  await pause(400);
  expect(said).toEqual([]);
});

test('of words that follow each other quickly only the last are written', async () => {
  const { said, line } = recorded();
  line.say(words('reading'));
  line.say(words('thinking'));
  await pause(400);
  line.say(words('writing'));
  await pause(400);
  line.end();
  expect(said).toEqual(['thinking', 'writing']);
});

test('a growing text is written once a while, its first words are marked, and its last ones are not lost', async () => {
  const shown: Pick<Progress, 'text' | 'first'>[] = [];
  const line = createLiveLine(
    async ({ text, first }) => {
      shown.push({ text, ...(first && { first }) });
    },
    () => undefined,
  );
  const said = async (text: string) => {
    line.say({ ...words('writing'), text });
    await pause(20);
  };
  for (const text of ['I', "I'll", "I'll chart"]) await said(text);
  await pause(300);
  // The arguments of a tool follow, which are no text.
  for (const text of ["I'll chart the", "I'll chart the signups."]) await said(text);
  await pause(200);
  expect(shown).toEqual([{ text: "I'll chart", first: true }]);
  await pause(700);
  expect(shown).toEqual([{ text: "I'll chart", first: true }, { text: "I'll chart the signups." }]);
  line.end();
});

test('a line that nobody says anew is renewed, so that its age stays true, until the work is over', async () => {
  const said: string[] = [];
  const line = createLiveLine(
    async ({ what, renewal = 0 }) => {
      said.push(`${what} ${renewal}`);
    },
    () => undefined,
    (renewal) => (renewal === 1 ? 50 : 100),
  );
  line.sayNow(words('running the tests'));
  await until(() => said.length === 3, 'two renewals');
  line.sayNow(words('building'));
  await until(() => said.length === 5, 'a renewal of other words');
  line.end();
  const before = [...said];
  await pause(300);
  expect(said).toEqual(before);
  expect(said).toEqual([
    'running the tests 0',
    'running the tests 1',
    'running the tests 2',
    'building 0',
    'building 1',
  ]);
});

test('what is said now is there at once, and a line that cannot be written ends nothing', async () => {
  const { said, line } = recorded();
  line.say(words('reading'));
  line.sayNow(words('thinking'));
  expect(said).toEqual(['thinking']);
  line.end();
  const errors: unknown[] = [];
  const broken = createLiveLine(
    async () => {
      throw new Error('the database is away');
    },
    (error) => errors.push(error),
  );
  broken.sayNow(words('thinking'));
  await pause(10);
  broken.end();
  expect(errors).toHaveLength(1);
});
