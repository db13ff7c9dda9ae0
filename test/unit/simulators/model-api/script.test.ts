import { isEmpty, parseScript, wantedBy } from '../../../../simulators/model-api/script.ts';

function actionsOf(text: string) {
  return parseScript(text).calls.map(({ actions }) => actions);
}

test('each line is a call with one action, and the last call is the answer', () => {
  expect(actionsOf('$ ls -l\nread a.txt\npost out/b.png')).toEqual([
    [{ verb: 'run', command: 'ls -l' }],
    [{ verb: 'read', path: 'a.txt' }],
    [{ verb: 'post', path: 'out/b.png', ifMade: false }],
    [],
  ]);
});

test('& joins a line to the call before it, and is part of a command elsewhere', () => {
  expect(actionsOf('$ sleep 1 & wait\n& read a\n& $ true && true')).toEqual([
    [
      { verb: 'run', command: 'sleep 1 & wait' },
      { verb: 'read', path: 'a' },
      { verb: 'run', command: 'true && true' },
    ],
    [],
  ]);
});

test.each([
  ['a fence with a language', 'write a.py\n```python\nif x:\n    y\n\nz\n```\n$ true', 'if x:\n    y\n\nz\n'],
  ['a fence beside the text', 'write a.py\n```first line\nlast line```\n$ true', 'first line\nlast line\n'],
  [
    'lines that look like the language',
    'write a.py\n```\n# a comment\n$ no command\n```\n$ true',
    '# a comment\n$ no command\n',
  ],
])('write takes the text of %s', (_, script, text) => {
  expect(actionsOf(script)).toEqual([[{ verb: 'write', path: 'a.py', text }], [{ verb: 'run', command: 'true' }], []]);
});

test('say, think and fail belong to the call after them', () => {
  const { calls } = parseScript('say hello\nthink 1.5s\nfail 503 x2\nfail 429\n$ true\nsay bye\nthink 20ms');
  expect(calls).toEqual([
    {
      say: ['hello'],
      thinkMs: 1500,
      faults: [
        { status: 503, times: 2 },
        { status: 429, times: 1 },
      ],
      actions: [{ verb: 'run', command: 'true' }],
    },
    { say: ['bye'], thinkMs: 20, faults: [], actions: [] },
  ]);
});

test('comments, empty lines and a fence around everything are nothing', () => {
  expect(actionsOf('```\n# note\n\n$ true\n```')).toEqual([[{ verb: 'run', command: 'true' }], []]);
});

test('commands may be written as code', () => {
  expect(actionsOf('`$ ls`')[0]).toEqual([{ verb: 'run', command: 'ls' }]);
});

test('sentences are no script', () => {
  const script = parseScript('Please read the documentation\nand post a chart of it');
  expect(isEmpty(script)).toBe(true);
  expect(script.prose).toHaveLength(2);
});

describe('a plan', () => {
  const stepsOf = (text: string) =>
    actionsOf(text).flatMap((actions) =>
      actions.flatMap((each) =>
        each.verb === 'plan' ? [each.steps.map(({ step, state }) => `${state} ${step}`)] : [],
      ),
    );

  test('has its first step under way, and a number says which one is', () => {
    expect(stepsOf('plan get it; count it; say it\n& $ true\nplan 2\n$ true\nplan done')).toEqual([
      ['now get it', 'open count it', 'open say it'],
      ['done get it', 'now count it', 'open say it'],
      ['done get it', 'done count it', 'done say it'],
    ]);
    expect(actionsOf('plan a; b\n& $ true')[0]).toHaveLength(2);
  });

  test.each(['plan 2', 'plan done', 'plan a; b\nplan 3', 'plan a; b\nplan 0', 'plan my week', 'plan'])(
    'is not taken from %j, and the answer says what it wants',
    (text) => {
      const { prose } = parseScript(text);
      expect(prose).toHaveLength(1);
      expect(wantedBy(prose[0] ?? '')).toMatch(/`plan STEP; STEP`/);
    },
  );

  test('leaves out empty steps', () => {
    expect(stepsOf('plan a;; b ;')).toEqual([['now a', 'open b']]);
  });
});

test('say takes several lines from a fence', () => {
  expect(parseScript('say\n```\n# Heading\n- one\n- two\n```\n$ true').calls[0]?.say).toEqual([
    '# Heading\n- one\n- two',
  ]);
  expect(parseScript('say').prose).toEqual(['say']);
});
