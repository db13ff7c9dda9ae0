import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Channel } from '../../../simulators/slack/world/types.ts';
import { APP } from '../../../simulators/slack/world/workspace.ts';
import { SLACK_LIMITS } from '../../../slack/api/rate-limits.ts';
import { type RoomStage, startRoomStage, type ToolAnswer } from './support/room-stage.ts';

const DOCS = path.join(import.meta.dirname, '..', '..', '..', 'docs', 'reading-slack.md');
const [ADA, GRACE, GUEST] = ['U0000000ADA', 'U00000GRACE', 'U0000000GIA'];

const plain = { topic: '', isGeneral: false, isArchived: false, isExtShared: false, created: 1_767_225_600 } as const;
const channel = (id: string, name: string, members: string[], more: Partial<Channel> = {}): Channel => ({
  ...{ ...plain, kind: 'public', id, name, members },
  ...more,
});
const CHANNELS = [
  channel('C00000CLEAN', 'clean', [ADA, GRACE, APP.userId]),
  channel('C0000LAUNCH', 'launch', [ADA, GRACE, APP.userId]),
  channel('C0000GUEST1', 'guested', [ADA, GUEST, APP.userId]),
  channel('C0000GUEST2', 'guested-too', [ADA, GUEST, APP.userId]),
  channel('C0000SHARE2', 'shared-too', [ADA, APP.userId], { isExtShared: true }),
  channel('C000PRIVATE', 'private-too', [ADA, APP.userId], { kind: 'private' }),
  channel('C0000OTHERS', 'of-others', [GRACE, APP.userId], { kind: 'private' }),
  channel('C00000000OFF', 'off', [ADA, APP.userId]),
];

/** The columns of the table: where somebody asks. */
const FROM: Readonly<Record<string, string>> = {
  public: 'clean',
  'public, with guests': 'guested',
  shared: 'acme-globex',
  private: 'secops',
  'group message': 'C000000MPIM',
  'direct message': 'the DM',
};
/** What the rows speak of. Null: the place itself. */
const TARGETS: Readonly<Record<string, string | null>> = {
  'this thread': null,
  'this channel': null,
  'a message in this channel': null,
  'another public channel it is in': 'launch',
  'another public channel with guests': 'guested-too',
  'a public channel it is not in': 'random',
  'another shared channel': 'shared-too',
  'another private channel that the person is in': 'private-too',
  'a private channel that the person is not in': 'of-others',
  'a channel where it is switched off': 'off',
  'an archived channel': 'attic',
};

const cells = readCells();
let room: RoomStage;
let dm: string;

beforeAll(async () => {
  const wide = { capacity: 100_000, perSecond: 1_000 };
  room = await startRoomStage(
    {
      limits: Object.fromEntries(Object.keys(SLACK_LIMITS).map((method) => [method, wide])),
      whyOff: async (scope) => (scope.endsWith(':C00000000OFF') ? 'disabled' : null),
    },
    { more: { people: [], channels: CHANNELS } },
  );
  dm = await room.stage.slack.openDm('ada');
}, 60_000);
afterAll(() => room?.[Symbol.asyncDispose]());

test('the table in docs/reading-slack.md speaks of every place and every tool', () => {
  expect(new Set(cells.map(({ from }) => from))).toEqual(new Set(Object.keys(FROM)));
  const targets = new Set(cells.flatMap(({ target }) => target ?? []));
  expect(targets).toEqual(new Set(Object.keys(TARGETS)));
  expect(new Set(cells.map(({ tool }) => tool)).size).toBe(8);
});

test.each(cells)('$tool, $target, from $from: $verdict', async ({ tool, target, from, verdict }) => {
  const { slack, db } = room.stage;
  const { world, changes: _ } = slack.simulator;
  const fromId = from === 'direct message' ? dm : (world.channel(FROM[from] ?? '')?.id ?? '');
  const thread = await room.beginIn(fromId, 'ada');
  const named = target === undefined ? undefined : TARGETS[target];
  const to = world.channel(named ?? fromId);
  if (!to) throw new Error(`no ${target}`);
  const marker = `marker${Math.random().toString(36).slice(2)}`;
  const isReply = tool === 'read_thread';
  const text = `the ${marker} is here`;
  const ts = room.seed({ channel: to.id, user: 'ada', text, ...(isReply && { threadTs: thread.ts }) });
  world.pins.add(`${to.id}:${ts}`);
  const link = `https://acme.slack.com/archives/${to.id}/p${ts.replace('.', '')}`;
  const before = (await slack.calls()).length;
  const ref = await room.pending(thread, tool, argumentsOf(tool, named ? `#${named}` : undefined, link, marker));
  const answer = await room.attempt(ref);
  const calls = (await slack.calls()).slice(before);
  const reads = calls.filter(
    ({ method, args }) =>
      args.channel === to.id && /^(conversations\.(history|replies)|pins\.list|chat\.postMessage)$/.test(method),
  );
  const posts = world
    .history(to.id)
    .filter((each) => each.user === APP.userId && JSON.stringify(each).includes(marker));
  if (verdict === 'asks') {
    expect(answer).toBeUndefined();
    const asked = await db.database.query("select 1 from question where session = $1 and state = 'open'", [
      ref.session,
    ]);
    expect(asked.rowCount).toBe(1);
    expect(posts).toEqual([]);
  } else if (verdict === 'yes') {
    expect(answer).toEqual({ text: expect.any(String), isError: false } satisfies ToolAnswer);
    if (tool === 'post_message') expect(posts).toHaveLength(1);
    else if (tool === 'find_people') expect(answer?.text).toContain('Grace Murray');
    else if (tool === 'find_channels') expect(answer?.text).toContain('#launch');
    else if (tool === 'search_messages') expect(answer?.text).toContain('Searched: ');
    else expect(answer?.text).toContain(marker);
  } else {
    expect(answer?.isError).toBe(true);
    expect(answer?.text).not.toContain(marker);
    expect({ reads, posts }).toEqual({ reads: [], posts: [] });
  }
});

function argumentsOf(tool: string, to: string | undefined, link: string, marker: string): object {
  switch (tool) {
    case 'read_message':
      return { link };
    case 'search_messages':
      return { words: marker };
    case 'find_people':
      return { name: 'grace' };
    case 'find_channels':
      return { name: 'launch' };
    case 'post_message':
      return { channel: to, text: `hello ${marker}` };
    default:
      return to === undefined ? {} : { channel: to };
  }
}

interface Cell {
  readonly tool: string;
  readonly target: string | undefined;
  readonly from: string;
  readonly verdict: string;
}

/** The table as people read it. */
function readCells(): Cell[] {
  const lines = readFileSync(DOCS, 'utf8').split('\n');
  const start = lines.findIndex((line) => line.startsWith('| what | public |'));
  const split = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const columns = split(lines[start] ?? '').slice(1);
  const rows = lines.slice(start + 2, lines.indexOf('', start)).map(split);
  return rows.flatMap(([what = '', ...verdicts]) => {
    const [, tool = '', target] = /^`(\w+)`(?:: (.*))?$/.exec(what) ?? [];
    return columns.map((from, nth) => ({ tool, target, from, verdict: verdicts[nth] ?? '' }));
  });
}
