import type { HeldConnection } from '../../../access/personal-access.ts';
import { createPersonalFeed } from '../../../proxy/policy/personal-feed.ts';

const lease = (person: string) =>
  ({ scope: `person:T1:${person}`, principal: `person:T1:${person}`, requester: person }) as const;
const GITHUB: readonly HeldConnection[] = [{ connection: 'github', version: 1 }];

/** Looks that end when a test says so. */
function feed(mayBeAllowed = false) {
  const looks: { readonly person: string; readonly answer: PromiseWithResolvers<readonly HeldConnection[]> }[] = [];
  const problems: string[] = [];
  const personal = createPersonalFeed({
    held: ({ person }) => {
      const answer = Promise.withResolvers<readonly HeldConnection[]>();
      looks.push({ person, answer });
      return answer.promise;
    },
    allowed: async ({ requester }) => {
      looks.push({ person: `allowed by ${requester}`, answer: Promise.withResolvers() });
      return [];
    },
    isOffered: () => true,
    mayBeAllowed: () => mayBeAllowed,
    onError: (_error, what) => problems.push(what),
  });
  const ask = (person: string) => personal.heldBy(lease(person)) ?? Promise.reject(new Error('nothing is asked'));
  return { looks, problems, ask, personal };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('hundreds of requests of one person at once are two looks', async () => {
  const { looks, ask } = feed();
  const asked = Array.from({ length: 300 }, () => ask('UADA'));
  await settle();
  expect(looks).toHaveLength(1);
  looks[0]?.answer.resolve(GITHUB);
  await settle();
  expect(looks).toHaveLength(2);
  looks[1]?.answer.resolve(GITHUB);
  expect(await Promise.all(asked)).toEqual(asked.map(() => GITHUB));
  await settle();
  void ask('UADA');
  expect(looks).toHaveLength(3);
});

test('a request never uses a look that began before it came in', async () => {
  const { looks, ask } = feed();
  const before = ask('UADA');
  // The person removes everything here. The look that is under way may have read it before.
  const after = ask('UADA');
  looks[0]?.answer.resolve(GITHUB);
  expect(await before).toEqual(GITHUB);
  await settle();
  const later = ask('UADA');
  looks[1]?.answer.resolve([]);
  expect(await after).toEqual([]);
  await settle();
  looks[2]?.answer.resolve([]);
  expect(await later).toEqual([]);
});

test('nobody waits for the look of another person', async () => {
  const { looks, ask } = feed();
  void ask('UADA');
  const linus = ask('ULINUS');
  expect(looks.map(({ person }) => person)).toEqual(['UADA', 'ULINUS']);
  looks[1]?.answer.resolve([]);
  expect(await linus).toEqual([]);
});

test('a look that fails refuses those who share it, and the next one begins', async () => {
  const { looks, problems, ask } = feed();
  const first = ask('UADA');
  const second = [ask('UADA'), ask('UADA')];
  looks[0]?.answer.reject(new Error('ECONNREFUSED'));
  await expect(first).rejects.toMatchObject({ code: 'policy_stale' });
  await settle();
  looks[1]?.answer.resolve(GITHUB);
  expect(await Promise.all(second)).toEqual([GITHUB, GITHUB]);
  expect(problems).toHaveLength(1);
});

describe('whose connections a lease may use', () => {
  const CHANNEL = 'channel:T1:C1';
  const AGENT = { scope: CHANNEL, principal: `agent@${CHANNEL}`, requester: 'UADA' } as const;
  const TURN = { session: 'slack:T1:C1:1.0', epoch: { turn: 2, attempt: 1 } } as const;

  test.each([
    [
      'of the person who acts as themselves in a channel',
      { scope: CHANNEL, principal: 'person:T1:UADA', requester: 'UADA' },
      'UADA',
    ],
    [
      'of nobody, when somebody else began the turn',
      { scope: CHANNEL, principal: 'person:T1:UADA', requester: 'UGRACE' },
      null,
    ],
    [
      'of nobody, when a schedule began it',
      { scope: CHANNEL, principal: 'person:T1:UADA', requester: 'schedule:monday' },
      null,
    ],
    [
      "of nobody, in another person's direct messages",
      { scope: 'person:T1:UGRACE', principal: 'person:T1:UADA', requester: 'UADA' },
      null,
    ],
    [
      'of nobody, in a group message',
      { scope: 'group-dm:T1:G1', principal: 'person:T1:UADA', requester: 'UADA' },
      null,
    ],
    ['of nobody, for an agent without a turn', AGENT, null],
    ['what the requester has allowed, for an agent in a turn', { ...AGENT, ...TURN }, 'allowed by UADA'],
    ['of nobody, for the agent of another channel', { ...AGENT, ...TURN, principal: 'agent@channel:T1:C2' }, null],
  ] as const)('%s', (_, lease, asked) => {
    const { looks, personal } = feed(true);
    void personal.heldBy(lease);
    expect(looks.map(({ person }) => person)).toEqual(asked === null ? [] : [asked]);
  });

  test('an agent is not asked about where no administrator allows it', () => {
    const { looks, personal } = feed(false);
    expect(personal.heldBy({ ...AGENT, ...TURN })).toBeNull();
    expect(looks).toEqual([]);
  });
});

describe('while PostgreSQL does not say what was allowed', () => {
  const AGENT = { scope: 'channel:T1:C1', principal: 'agent@channel:T1:C1', requester: 'UADA' } as const;
  const inTurn = (turn: number) => ({ ...AGENT, session: 'slack:T1:C1:1.0', epoch: { turn, attempt: 1 } }) as const;

  function agentFeed() {
    const state: { held: readonly HeldConnection[] | null } = { held: [] };
    const personal = createPersonalFeed({
      held: async () => [],
      allowed: async () => {
        if (state.held === null) throw new Error('ECONNREFUSED');
        return state.held;
      },
      isOffered: () => true,
      mayBeAllowed: () => true,
      onError: () => {},
    });
    return { state, ask: (turn: number) => personal.heldBy(inTurn(turn)) };
  }

  test('a turn in which nothing was allowed goes on with what the channel has', async () => {
    const { state, ask } = agentFeed();
    expect(await ask(1)).toEqual([]);
    state.held = null;
    expect(await ask(1)).toEqual([]);
    expect(await ask(2)).toEqual([]);
  });

  test('a turn in which something was allowed is refused, until it is known that this was taken back', async () => {
    const { state, ask } = agentFeed();
    state.held = GITHUB;
    expect(await ask(1)).toEqual(GITHUB);
    state.held = null;
    await expect(ask(1)).rejects.toMatchObject({ code: 'policy_stale' });
    expect(await ask(2)).toEqual([]);
    state.held = [];
    expect(await ask(1)).toEqual([]);
    state.held = null;
    expect(await ask(1)).toEqual([]);
  });
});
