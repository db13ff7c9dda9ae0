import { randomBytes } from 'node:crypto';
import { setImmediate as immediate, setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { SlackIdentity } from '../../../slack/api/identity.ts';
import { createKeeper } from '../../../slack/receiving/keep-incoming.ts';
import { createInboxReceiver } from '../../../slack/receiving/receiver.ts';
import type { SocketConnection, SocketEvent } from '../../../slack/receiving/socket-connection.ts';
import type { Queryable } from '../../../store/database.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

const IDENTITY: SlackIdentity = {
  team: 'T1',
  teamName: 'Acme',
  workspaceUrl: 'https://acme.slack.com/',
  botUser: 'UBOT',
  botId: 'BBOT',
  botName: 'bellhop',
  enterprise: null,
};

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

type Body = Record<string, unknown>;

function message(ts: string, text: string, threadTs?: string): Body {
  const event = { type: 'message', channel: 'C1', user: 'U1', ts, text, ...(threadTs && { thread_ts: threadTs }) };
  return { type: 'event_callback', event_id: `E${ts}`, event };
}

const CALL = message('1.1', '<@UBOT> chart it');

/** A gateway's way in, to a database that may make a statement wait. */
function gateway({ secondLookMs = 50, before = async (_nth: number) => {} } = {}) {
  const firstMayRun = Promise.withResolvers<void>();
  let isFirstHeld = false;
  const ending = new AbortController();
  const missed: unknown[] = [];
  let statements = 0;
  let late = 0;
  let handler: (event: SocketEvent) => void = () => undefined;
  const database = {
    async query(...args: Parameters<Queryable['query']>) {
      statements += 1;
      if (isFirstHeld) await firstMayRun.promise;
      await before(statements);
      return db.database.query(...args);
    },
    wake: () => {},
  } as unknown as Queryable;
  const onLate = () => {
    late += 1;
  };
  const store = createKeeper({ db: database, identity: IDENTITY, onLate, ending: ending.signal, secondLookMs });
  const receiver = createInboxReceiver({
    connection: {
      onEvent(given) {
        handler = given;
      },
    } as SocketConnection,
    keep: async (body) => void (await store(body)),
    interact: async () => null,
    onMissed: (error) => missed.push(error),
    listenedTo: new Set(),
    onListenerError: () => undefined,
  });
  receiver.init({ processEvent: async () => undefined } as never);
  const acknowledged: unknown[] = [];
  const send = (body: Body): void => handler({ body, acknowledge: async () => void acknowledged.push(body.event_id) });
  return {
    missed,
    ending,
    statements: () => statements,
    late: () => late,
    /** Gives it what Slack sends in one go; the ids of events it has acknowledged when it has finished with all. */
    async receive(bodies: readonly Body[]): Promise<unknown[]> {
      bodies.forEach(send);
      await receiver.drain();
      return acknowledged;
    },
    /** The same, with all others given while the statement of the first runs. */
    async receiveWhileStoring(first: Body, others: readonly Body[]): Promise<unknown[]> {
      isFirstHeld = true;
      send(first);
      await until(async () => statements === 1, 'the statement of the first', 5_000);
      others.forEach(send);
      await immediate();
      firstMayRun.resolve();
      await receiver.drain();
      return acknowledged;
    },
  };
}

async function stored(): Promise<string[]> {
  const { rows } = await db.database.query<{ text: string }>('select text from inbox order by id');
  return rows.map(({ text }) => text);
}

/** The first statement takes its time. */
const slowly = (nth: number): Promise<void> => pause(nth === 1 ? 200 : 0);

test('what is said below a mention is kept also when it comes while the mention is being stored', async () => {
  await gateway().receiveWhileStoring(CALL, [message('1.2', 'by day, please', '1.1')]);
  expect(await stored()).toEqual(['<@UBOT> chart it', 'by day, please']);
});

test('what is said below a mention is kept also when one statement stores both', async () => {
  const bodies = [message('0.9', '<@UBOT> hello'), message('1.2', 'by day, please', '1.1'), CALL];
  const receiving = gateway();
  await receiving.receive(bodies);
  expect(receiving.statements()).toBe(1);
  expect(await stored()).toEqual(['<@UBOT> hello', '<@UBOT> chart it', 'by day, please']);
});

test('what is said in a thread where nobody listens is not kept, whatever else comes, and is acknowledged', async () => {
  const acknowledged = await gateway().receive([CALL, message('1.2', 'lunch?', '0.5')]);
  expect(acknowledged).toEqual(['E1.1', 'E1.2']);
  expect(await stored()).toEqual(['<@UBOT> chart it']);
});

test('both events of a mention that are read at once are stored by one statement, as one', async () => {
  const receiving = gateway();
  const { event, ...rest } = CALL as { event: Body };
  const mentioned = { ...rest, event_id: 'E1.1/mention', event: { ...event, type: 'app_mention' } };
  expect(await receiving.receive([CALL, mentioned])).toEqual(['E1.1', 'E1.1/mention']);
  expect(receiving.statements()).toBe(1);
  expect(await stored()).toEqual(['<@UBOT> chart it']);
});

test('events that come while a statement runs are stored together by the next one, each once', async () => {
  const receiving = gateway();
  const many = Array.from({ length: 50 }, (_, n) => message(`2.${n + 100}`, `<@UBOT> question ${n}`));
  const again = many.map((body) => ({ ...body, event_id: `${body.event_id}/again` }));
  const acknowledged = await receiving.receiveWhileStoring(CALL, [...many, ...again]);
  expect(acknowledged).toHaveLength(101);
  expect(await stored()).toHaveLength(51);
  expect(receiving.statements()).toBe(2);
});

test('an event that PostgreSQL refuses is not acknowledged, and fails none of those stored with it', async () => {
  const receiving = gateway();
  // Too long for the index, and random, so that it cannot be packed.
  const refused = { ...message('1.5', '<@UBOT> poison'), event_id: randomBytes(20_000).toString('hex') };
  const others = [message('1.4', '<@UBOT> one'), message('1.6', '<@UBOT> two')];
  const acknowledged = await receiving.receive([CALL, others[0] as Body, refused, others[1] as Body]);
  expect(acknowledged).toEqual(['E1.1', 'E1.4', 'E1.6']);
  expect(await stored()).toEqual(['<@UBOT> chart it', '<@UBOT> one', '<@UBOT> two']);
  expect(receiving.missed).toHaveLength(1);
});

test('while the database is too slow, waiting events fail together and at once, so that Slack sends them again', async () => {
  const slow = Object.assign(new pg.DatabaseError('canceling statement due to statement timeout', 0, 'error'), {
    code: '57014',
  });
  const receiving = gateway({
    async before(nth) {
      if (nth > 1) throw slow;
    },
  });
  const many = Array.from({ length: 20 }, (_, n) => message(`2.${n + 100}`, `<@UBOT> question ${n}`));
  expect(await receiving.receiveWhileStoring(CALL, many)).toEqual(['E1.1']);
  expect(receiving.statements()).toBe(2);
  expect(receiving.missed).toHaveLength(20);
});

test('a reply that one gateway looks at before another has stored its mention is kept', async () => {
  const reply = message('1.2', 'by day, please', '1.1');
  const one = gateway();
  const other = gateway({ secondLookMs: 2_000 });
  const replied = other.receive([reply]);
  await until(async () => other.statements() === 1, 'the first look at the reply', 5_000);
  await one.receive([CALL]);
  expect(await replied).toEqual(['E1.2']);
  expect(await stored()).toEqual(['<@UBOT> chart it', 'by day, please']);
});

test('what was said before the mention is not kept by the second look: the agent reads it as context', async () => {
  const before = message('1.05', 'look at this', '1.0');
  const one = gateway({ secondLookMs: 2_000 });
  const looking = one.receive([before]);
  await until(async () => one.statements() === 1, 'the first look at the reply', 5_000);
  await gateway().receive([message('1.1', '<@UBOT> what do you think?', '1.0')]);
  await looking;
  expect(await stored()).toEqual(['<@UBOT> what do you think?']);
});

test('a gateway that ends does not wait for the second look', async () => {
  const ending = gateway({ secondLookMs: 60_000 });
  const looking = ending.receive([message('1.2', 'lunch?', '0.5')]);
  await until(async () => ending.statements() === 1, 'the first look at the reply', 5_000);
  ending.ending.abort();
  expect(await looking).toEqual(['E1.2']);
});

test('a mention that is stored too late for the second look asks for a catch-up, and a usual one does not', async () => {
  const usual = gateway({ secondLookMs: 5_000 });
  await usual.receive([CALL]);
  const late = gateway({ before: slowly });
  await late.receive([message('3.1', '<@UBOT> late')]);
  expect([usual.late(), late.late()]).toEqual([0, 1]);
});
