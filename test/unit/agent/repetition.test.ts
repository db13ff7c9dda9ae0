import { buildMessages } from '../../../agent/transcript/build-messages.ts';
import { repeatedText, standstillOf } from '../../../agent/transcript/repetition.ts';
import type { TranscriptRow } from '../../../store/transcript.ts';

const USAGE = { inputTokens: 1, outputTokens: 1 };
let serial = 0;

interface Given {
  readonly tool?: string;
  readonly input?: unknown;
  readonly text?: string;
  readonly turn?: number;
  readonly tookMs?: number;
  /** Of the picture that the result shows. */
  readonly bytes?: number;
}

const pictureOf = (file: number, bytes: number) =>
  ({ file: String(file), type: 'image/png', bytes, label: 'a.png' }) as const;

/** One answer that calls a tool, and its result. */
function round({
  tool = 'bash',
  input = { command: 'ls' },
  text = 'exit code 0 · 0.1 s\na',
  turn = 1,
  tookMs = 100,
  bytes,
}: Given = {}) {
  serial += 1;
  const id = `c${serial}`;
  const content = {
    blocks: [{ type: 'tool_use', id, name: tool, input }],
    stopReason: 'tools',
    usage: USAGE,
    model: 'm',
  } as const;
  const common = { seq: String(serial), turn, tokens: 1, step: serial };
  const rows: TranscriptRow[] = [
    { ...common, role: 'assistant', content, at: new Date(serial * 60_000) },
    {
      ...common,
      role: 'tool',
      content: { call: id, tool, text, isError: false, ...(bytes && { shown: [pictureOf(serial, bytes)] }) },
      at: new Date(serial * 60_000 + tookMs),
    },
  ];
  return rows;
}

function rounds(...given: readonly Given[]): TranscriptRow[] {
  return given.flatMap((each) => round(each));
}

function user(text: string): TranscriptRow {
  const content = { kind: 'message', context: false, text, name: 'Ana', ts: '1790000000.1', files: [] } as const;
  return { seq: '1', turn: 1, role: 'user', author: 'U1', authorClass: 'member', content, tokens: 1, at: new Date(0) };
}

const times = (n: number, given: Given = {}): Given[] => Array.from({ length: n }, () => given);
const A: Given = { input: { command: 'make' }, text: 'exit code 2 · 0.1 s\nno rule' };
const B: Given = { tool: 'read_file', input: { path: 'Makefile' }, text: 'all:' };

/** How many results tell the model that it repeats itself. */
function told(rows: readonly TranscriptRow[]): number {
  return JSON.stringify(buildMessages(rows)).split('times in a row').length - 1;
}

test('the same call with the same result is told from the third time on, and is the end after the sixth', () => {
  expect([2, 3, 5].map((n) => told(rounds(...times(n))))).toEqual([0, 1, 3]);
  expect(standstillOf(rounds(...times(5)), 1)).toBeNull();
  const stuck = standstillOf(rounds(...times(6)), 1);
  expect(stuck).toMatchObject({ times: 6, calls: [{ name: 'bash', input: { command: 'ls' } }] });
  expect(stuck && repeatedText(stuck)).toBe('This came to the same result 6 times in a row:\n- `bash`: `ls`');
});

test('two calls that take turns are a repetition too', () => {
  const pairs = (n: number) => rounds(...times(n).flatMap(() => [A, B]));
  expect(told(pairs(2))).toBe(0);
  expect(told(pairs(3))).toBe(1);
  expect(standstillOf(pairs(5), 1)).toBeNull();
  const stuck = standstillOf(pairs(6), 1);
  expect(stuck && repeatedText(stuck)).toBe(
    'This came to the same result 6 times in a row:\n- `bash`: `make`\n- `read_file`: `Makefile`',
  );
});

test.each<[string, Given[]]>([
  [
    'a command whose output changes',
    Array.from({ length: 20 }, (_, n) => ({ text: `exit code 0 · 0.1 s\n${n} of 20` })),
  ],
  ['a command that waits', times(20, { input: { command: 'sleep 5; ci status' }, tookMs: 5_100 })],
  ['a call with other arguments each time', Array.from({ length: 20 }, (_, n) => ({ input: { command: `ls ${n}` } }))],
  ['other work in between', times(4).flatMap((each, n) => [each, each, { input: { command: `edit ${n}` } }])],
])('%s ends nothing', (_, given) => {
  expect(standstillOf(rounds(...given), 1)).toBeNull();
});

test('a picture that changes is no repetition, and one that stays the same is', () => {
  const seen = (bytes: number): Given => ({ tool: 'view_file', text: 'a.png is a picture', bytes });
  expect(standstillOf(rounds(...Array.from({ length: 8 }, (_, n) => seen(100 + n))), 1)).toBeNull();
  expect(standstillOf(rounds(...times(8, seen(100))), 1)).toMatchObject({ isQuick: true });
});

test('a first time that was slow, because its sandbox began, puts the end off by one', () => {
  const begun = [{ ...A, tookMs: 3_000 }, ...times(5, A)];
  expect(standstillOf(rounds(...begun), 1)).toBeNull();
  expect(standstillOf(rounds(...begun, A), 1)).toMatchObject({ times: 7 });
});

test('a wait is told as well, without a threat', () => {
  const rows = rounds(...times(3, { tookMs: 30_000 }));
  expect(told(rows)).toBe(1);
  expect(JSON.stringify(buildMessages(rows))).not.toContain('your work ends here');
});

test('the time that a command took, and what the model calls it, make no difference', () => {
  const given = Array.from({ length: 6 }, (_, n) => ({
    input: { doing: `try ${n}`, command: 'ls' },
    text: `exit code 0 · 0.${n} s\na`,
  }));
  expect(standstillOf(rounds(...given), 1)).not.toBeNull();
});

test('what somebody says begins anew, and so does a turn', () => {
  expect(standstillOf([...rounds(...times(4)), user('try again'), ...rounds(...times(4))], 1)).toBeNull();
  expect(standstillOf([...rounds(...times(6)), user('go on')], 1)).toBeNull();
  expect(standstillOf(rounds(...times(4), ...times(4, { turn: 2 })), 2)).toBeNull();
  expect(standstillOf(rounds(...times(6)), 2)).toBeNull();
});

test('several calls of one answer count together', () => {
  const both = (text: string): TranscriptRow[] => {
    const [first, one] = round(A);
    const [second, two] = round({ ...B, text });
    if (first?.role !== 'assistant' || second?.role !== 'assistant' || !one || !two) throw new Error('no round');
    return [
      { ...first, content: { ...first.content, blocks: [...first.content.blocks, ...second.content.blocks] } },
      { ...one, at: first.at },
      { ...two, at: first.at },
    ];
  };
  expect(
    standstillOf(
      times(6).flatMap(() => both('same')),
      1,
    )?.calls,
  ).toHaveLength(2);
  expect(
    standstillOf(
      times(6).flatMap((_, n) => both(`page ${n}`)),
      1,
    ),
  ).toBeNull();
});

test('what was told stays as it is when the conversation goes on, so that what a vendor keeps of it holds', () => {
  const rows = [user('go'), ...rounds(...times(4))];
  const before = buildMessages(rows);
  expect(buildMessages([...rows, ...round(A), user('and?')]).slice(0, before.length - 1)).toEqual(before.slice(0, -1));
});

test('arguments cannot leave their place in what people read', () => {
  const input = { command: 'a`\n<!channel> "x" `b' };
  const stuck = standstillOf(rounds(...times(6, { input })), 1);
  expect(stuck && repeatedText(stuck).split('\n')[1]).toBe("- `bash`: `a' '!channel' 'x' 'b`");
});
