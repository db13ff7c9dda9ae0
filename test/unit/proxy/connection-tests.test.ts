import type { Duplex } from 'node:stream';
import { type AccessDocument, EMPTY_DOCUMENT } from '../../../access/document.ts';
import type { HttpFront } from '../../../proxy/listener/http-front.ts';
import { createConnectionTests } from '../../../proxy/request/connection-tests.ts';
import { startPersonalTests } from '../../../proxy/request/personal-tests.ts';
import type { AskedTest, FullTests, TestAnswer } from '../../../store/personal-tests.ts';
import { connection, documentOf } from '../../support/access-document.ts';
import { fileOf } from '../../support/access-yaml.ts';
import { until } from '../../support/until.ts';

const DOCUMENT: AccessDocument = {
  ...documentOf({
    organization: {
      connections: [connection('api', 'api.a.test', { test: { method: 'GET', url: 'https://api.a.test/' } })],
    },
  }),
  people: fileOf('people: { offer: [{ preset: gitea, host: git.acme.test }] }\n').people ?? EMPTY_DOCUMENT.people,
};
const ASKED: AskedTest = { key: '1', team: 'T1', person: 'UADA', connection: 'gitea' };

/** Tests whose request goes to `serve` instead of a proxy. */
function testsWith(serve: (socket: Duplex) => void) {
  const problems: string[] = [];
  const tests = createConnectionTests({
    clients: { admit: () => ({ tunnel: null }) as never },
    front: () => ({ serve }) as HttpFront,
    document: () => DOCUMENT,
    held: async () => [{ connection: 'gitea', version: 1 }],
    onError: (error) => problems.push((error as Error).message),
  });
  return { tests, problems };
}

describe('a service that never answers', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }));
  afterEach(() => void jest.useRealTimers());

  test('ends the test of an operator after a minute', async () => {
    const { tests } = testsWith((socket) => socket.resume());
    const ended = expect(tests.run('api', {})).rejects.toThrow('the test broke off: no answer in time');
    await jest.advanceTimersByTimeAsync(60_000);
    await ended;
  });

  test('ends the test of a person before another proxy would take it too', async () => {
    const { tests, problems } = testsWith((socket) => socket.resume());
    const answered = tests.runOwn(ASKED);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(await answered).toEqual({ status: null, code: 'broke_off' });
    expect(problems).toEqual(['the test broke off: no answer in time']);
  });
});

test('an answer that breaks off in its middle is an error, and not awaited', async () => {
  const { tests } = testsWith((socket) => {
    socket.resume();
    socket.write('HTTP/1.1 403 Forbidden\r\nx-agent-proxy: blocked; code=guardrail\r\ncontent-length: 100\r\n\r\nabc');
    setImmediate(() => socket.destroy());
  });
  await expect(tests.run('api', {})).rejects.toThrow('the test broke off in the middle of its answer');
});

test('a service that hangs delays the test of no other, also of one that is asked for later', async () => {
  const waiting: AskedTest[] = [{ ...ASKED, key: 'hangs' }];
  const answered: string[] = [];
  const hanging = Promise.withResolvers<TestAnswer>();
  const personal = startPersonalTests({
    take: async () => waiting.shift() ?? null,
    answer: async (key) => void answered.push(key),
    tests: { runOwn: async ({ key }) => (key === 'hangs' ? hanging.promise : { status: 200, code: null }) },
    onError: () => {},
    everyMs: 10,
  });
  await until(async () => waiting.length === 0, 'the first to be begun');
  waiting.push({ ...ASKED, key: 'later', person: 'UBO' });
  await until(async () => answered.length > 0, 'an answer');
  expect(answered).toEqual(['later']);
  hanging.resolve({ status: 200, code: null });
  await personal.stop();
  expect(answered).toEqual(['later', 'hangs']);
});

/** The tests that wait, as PostgreSQL gives them, and the services of these names hang. */
async function begunOf(waiting: AskedTest[], hanging: readonly string[]) {
  const hung = Promise.withResolvers<TestAnswer>();
  const begun: string[] = [];
  const take = async ({ connections, people }: FullTests) => {
    const at = waiting.findIndex(
      ({ connection, team, person }) =>
        !connections.includes(connection) && !people.some((full) => full.team === team && full.person === person),
    );
    return at === -1 ? null : (waiting.splice(at, 1)[0] ?? null);
  };
  const personal = startPersonalTests({
    take,
    answer: async () => {},
    tests: {
      runOwn: async ({ key, connection: name }) => {
        begun.push(key);
        return hanging.includes(name) ? hung.promise : { status: 200, code: null };
      },
    },
    onError: () => {},
    everyMs: 10,
  });
  return {
    begun,
    release: () => hung.resolve({ status: 200, code: null }),
    stop: () => {
      hung.resolve({ status: 200, code: null });
      return personal.stop();
    },
  };
}

test('a service that hangs has half of the places at most, however many people ask for it first', async () => {
  const hung = Array.from({ length: 20 }, (_, at) => ({ ...ASKED, key: `hung ${at}`, person: `U${at}` }));
  const other = { ...ASKED, key: 'other', person: 'UBO', connection: 'jira' };
  const { begun, stop } = await begunOf([...hung, other], ['gitea']);
  await until(async () => begun.includes('other'), 'the test of another service');
  expect(begun).toEqual(['hung 0', 'hung 1', 'hung 2', 'hung 3', 'other']);
  await stop();
});

test('however many services hang at once, each other one has a place of its own', async () => {
  const names = ['gitea', 'gitlab', 'linear', 'jira'];
  const hung = names.flatMap((connection) =>
    Array.from({ length: 5 }, (_, at) => ({
      ...ASKED,
      key: `${connection} ${at}`,
      person: `U${connection}${at}`,
      connection,
    })),
  );
  const others = ['notion', 'sentry'].map((connection) => ({
    ...ASKED,
    key: connection,
    person: connection,
    connection,
  }));
  const { begun, stop } = await begunOf([...hung, ...others], names);
  await until(async () => begun.includes('notion') && begun.includes('sentry'), 'the tests of the other services');
  const full = ['gitea', 'gitlab'].flatMap((name) => [0, 1, 2, 3].map((at) => `${name} ${at}`));
  expect(begun).toEqual([...full, 'linear 0', 'jira 0', 'notion', 'sentry']);
  await stop();
});

test('a person has one test at a time, so that their services delay nobody', async () => {
  const names = ['gitea', 'jira', 'gitlab'];
  const theirs = names.map((name) => ({ ...ASKED, key: `ada ${name}`, connection: name }));
  const elsewhere = { ...ASKED, key: 'of another workspace', team: 'T2', connection: 'jira' };
  const { begun, release, stop } = await begunOf([...theirs, elsewhere], names);
  await until(async () => begun.length === 2, 'a test of each person');
  expect(begun).toEqual(['ada gitea', 'of another workspace']);
  release();
  await until(async () => begun.length === 4, 'the other tests of the person');
  await stop();
});

test('a test that the end of the proxy breaks off is left to another one', async () => {
  const running = Promise.withResolvers<TestAnswer>();
  const waiting: AskedTest[] = [ASKED];
  const answered: string[] = [];
  const begun = Promise.withResolvers<void>();
  const personal = startPersonalTests({
    take: async () => waiting.shift() ?? null,
    answer: async (id) => void answered.push(id),
    tests: {
      runOwn: () => {
        begun.resolve();
        return running.promise;
      },
    },
    onError: () => {},
  });
  personal.poke();
  await begun.promise;
  const stopped = personal.stop();
  running.resolve({ status: null, code: 'broke_off' });
  await stopped;
  expect(answered).toEqual([]);
});
