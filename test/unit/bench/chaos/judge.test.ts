import type { Said } from '../../../../bench/chaos/conversation.ts';
import { type Evidence, judge, outcomeOf } from '../../../../bench/chaos/judge.ts';
import { contentOf, type Saying } from '../../../../bench/chaos/sayings.ts';
import { APP } from '../../../../simulators/slack/world/workspace.ts';
import type { SimMessage } from '../../../../test/support/slack-simulator.ts';

const CHANNEL = 'C1';
const ROOT = '1.000000';
const SIGNATURE = '_Demo model: I follow a script, I am not a language model._';
const ONCE = { injected: 1, bare: 0 };

function message(text: string, over: Partial<SimMessage> = {}): SimMessage {
  return {
    channel: CHANNEL,
    ts: '2.000000',
    threadTs: ROOT,
    user: APP.userId,
    subtype: null,
    text,
    blocks: [],
    files: [],
    reactions: [],
    edited: null,
    deleted: false,
    metadata: null,
    unfurlLinks: null,
    unfurlMedia: null,
    broadcastMentions: [],
    notified: [],
    ...over,
  };
}

function said(ask: Saying['ask'], over: Partial<Said> = {}): Said {
  const saying = { id: 'm00001', thread: 1, as: 'ada', place: 'chaos-00', ask, afterMs: 0, waits: false };
  const at = { channel: CHANNEL, ts: ROOT };
  return { saying, message: at, threadTs: ROOT, at: 0, answeredAt: 1_000, failure: null, ...over };
}

function answer(outcome: string, more = ''): string {
  return `1. \`$ curl -sSf https://api.acme.test/v1/signups/m00001\` · ${outcome}\n${more}\n\n${SIGNATURE}`;
}

async function verdicts(over: Partial<Evidence>, messages: readonly SimMessage[] = []): Promise<string[]> {
  const evidence: Evidence = {
    said: [said({ kind: 'request' })],
    state: { messages, statuses: [], ephemerals: [] },
    hits: (name) => (name === 'm00001' ? ONCE : { injected: 0, bare: 0 }),
    content: async () => contentOf('m00001'),
    ...over,
  };
  return (await judge(evidence)).map(({ verdict, what }) => `${verdict}: ${what}`);
}

test('the outcome of a command is read from its answer', () => {
  expect(outcomeOf(answer('exit code 0'), 'm00001')).toBe('exit code 0');
  expect(outcomeOf(answer('outcome unknown: it may have run'), 'm00001')).toBe('outcome unknown: it may have run');
  expect(outcomeOf(answer('exit code 0'), 'm00002')).toBeUndefined();
});

test('one answer and one request are as they should be', async () => {
  expect(await verdicts({}, [message(answer('exit code 0'))])).toEqual([]);
});

test('a message without an answer is lost, and so is one whose thread was told of a failure', async () => {
  expect(await verdicts({}, [message('Working · step 1')])).toEqual([
    expect.stringMatching(/^lost: m00001 .*no answer/),
    expect.stringMatching(/^left behind: a working line/),
  ]);
  const failed = said({ kind: 'request' }, { answeredAt: null, failure: 'Something went wrong inside me.' });
  expect(await verdicts({ said: [failed] })).toEqual([expect.stringMatching(/^lost: .*Something went wrong/)]);
});

test('two answers are one too many', async () => {
  const twice = [message(answer('exit code 0')), message(answer('exit code 0'), { ts: '3.000000' })];
  expect(await verdicts({}, twice)).toEqual([expect.stringMatching(/^doubled: .*2 answers/)]);
});

test('a later command that needs its file is no second answer', async () => {
  const later = answer('exit code 0').replace('/m00001', '/m00002').replace('curl', 'cat kept-m00001 && curl');
  expect(await verdicts({}, [message(answer('exit code 0')), message(later, { ts: '3.000000' })])).toEqual([]);
});

test('an answer in another thread is none', async () => {
  const elsewhere = message(answer('exit code 0'), { threadTs: '9.000000' });
  expect(await verdicts({}, [elsewhere])).toEqual([expect.stringMatching(/^lost/)]);
});

test('a request that was made twice is doubled, whatever the model was told', async () => {
  for (const outcome of ['exit code 0', 'outcome unknown: it may have run']) {
    const found = await verdicts({ hits: () => ({ injected: 2, bare: 0 }) }, [message(answer(outcome))]);
    expect(found).toContainEqual(expect.stringMatching(/^doubled: m00001 .*made 2 times/));
  }
});

test('a request that was told as done was made; one whose outcome is unknown may have been', async () => {
  const none = { hits: () => ({ injected: 0, bare: 0 }) };
  expect(await verdicts(none, [message(answer('exit code 0'))])).toEqual([expect.stringMatching(/^wrong: .*nothing/)]);
  expect(await verdicts(none, [message(answer('outcome unknown: it may have run'))])).toEqual([]);
  expect(await verdicts(none, [message(answer('exit code 56'))])).toEqual([]);
});

test('a request without the credential is wrong', async () => {
  const found = await verdicts({ hits: () => ({ injected: 0, bare: 1 }) }, [message(answer('exit code 22'))]);
  expect(found).toEqual([expect.stringMatching(/^wrong: m00001 .*without the credential/)]);
});

test('what a stop has ended makes no request, and a stop without a word is lost', async () => {
  const stopped = { said: [said({ kind: 'endless' })] };
  const words = [message('Stopped by <@U1>. Mention me to go on.')];
  expect(await verdicts(stopped, words)).toEqual([expect.stringMatching(/^wrong: .*after the stop/)]);
  expect(await verdicts({ ...stopped, hits: () => ({ injected: 0, bare: 0 }) }, words)).toEqual([]);
  expect(await verdicts({ said: [said({ kind: 'stop' })] }, [])).toEqual([expect.stringMatching(/^lost/)]);
});

test('a stop that came before its turn began has its sign and no words', async () => {
  const reactions = [{ name: 'octagonal_sign', users: [APP.userId] }];
  const stop = message('@bellhop stop', { user: 'U1', reactions });
  const none = { hits: () => ({ injected: 0, bare: 0 }) };
  expect(await verdicts({ ...none, said: [said({ kind: 'stop' }), said({ kind: 'endless' })] }, [stop])).toEqual([]);
  expect(await verdicts({ ...none, said: [said({ kind: 'request' })] }, [stop])).toEqual([
    expect.stringMatching(/^lost/),
  ]);
});

test('a stop that finds nothing to end is told to its author alone', async () => {
  const told = {
    channel: CHANNEL,
    ts: '3.000000',
    threadTs: ROOT,
    visibleTo: 'U1',
    text: 'Nothing is running in this thread.',
  };
  const state = { messages: [], statuses: [], ephemerals: [{ ...told, blocks: [] }] };
  const none = { hits: () => ({ injected: 0, bare: 0 }) };
  expect(await verdicts({ ...none, state, said: [said({ kind: 'stop' })] })).toEqual([]);
  expect(await verdicts({ ...none, state, said: [said({ kind: 'request' })] })).toHaveLength(1);
});

test('a file comes back once, and whole', async () => {
  const file = { id: 'F1', name: 'm00001-back.txt', mimetype: 'text/plain', size: 1 };
  const asked = { said: [said({ kind: 'file' })] };
  const text = answer('exit code 0', '2. `post m00001-back.txt` · done');
  const posted = (ts: string) => message('', { ts, files: [file] });
  expect(await verdicts(asked, [message(text), posted('3.000000')])).toEqual([]);
  expect(await verdicts(asked, [message(text)])).toEqual([expect.stringMatching(/^lost: .*not posted/)]);
  expect(await verdicts(asked, [message(text), posted('3.000000'), posted('4.000000')])).toEqual([
    expect.stringMatching(/^doubled: .*posted 2 times/),
  ]);
  expect(await verdicts({ ...asked, content: async () => 'half' }, [message(text), posted('3.000000')])).toEqual([
    expect.stringMatching(/^wrong: .*not whole/),
  ]);
});

test('a file that was kept in the workspace and is not there any more is lost', async () => {
  const recalled = { said: [said({ kind: 'recall', of: 'm00000' })] };
  const text = message(answer('exit code 1'));
  expect(await verdicts({ ...recalled, hits: () => ({ injected: 0, bare: 0 }) }, [text])).toEqual([
    expect.stringMatching(/^lost: .*a file that it needs/),
  ]);
});

test('a reaction without an answer and a status that stays are left behind', async () => {
  const unanswered = said({ kind: 'request' }, { answeredAt: null });
  const reactions = [{ name: 'eyes', users: [APP.userId] }];
  const asked = message('@bellhop', { ts: ROOT, threadTs: null, user: 'U1', reactions });
  const statuses = [{ channel: CHANNEL, threadTs: ROOT, status: 'is getting to work…' }];
  expect(await verdicts({ said: [unanswered], state: { messages: [asked], statuses, ephemerals: [] } })).toEqual([
    expect.stringMatching(/^lost/),
    expect.stringMatching(/^left behind: the status/),
    expect.stringMatching(/^left behind: a reaction on m00001/),
  ]);
});

test('each thread of the schedule has one answer, and its request is made once', async () => {
  const opening = message('Scheduled task *tick*: $ curl', { ts: '5.000000', threadTs: null });
  const text = `1. \`$ curl -sSf https://api.acme.test/v1/signups/tick\` · exit code 0\n\n${SIGNATURE}`;
  const ticked = (ts: string) => message(text, { ts, threadTs: '5.000000' });
  const none: Partial<Evidence> = { said: [], hits: () => ONCE };
  expect(await verdicts(none, [opening, ticked('6.000000')])).toEqual([]);
  expect(await verdicts({ ...none, hits: () => ({ injected: 0, bare: 0 }) }, [opening])).toEqual([
    expect.stringMatching(/^lost: the thread C1:5\.000000 of the schedule/),
  ]);
  expect(await verdicts({ ...none, hits: () => ({ injected: 2, bare: 0 }) }, [opening, ticked('6.000000')])).toEqual([
    expect.stringMatching(/^doubled: 2 requests of 1 ticks/),
  ]);
});
