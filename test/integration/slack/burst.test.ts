import { setTimeout as pause } from 'node:timers/promises';
import type { SlackIdentity } from '../../../slack/api/identity.ts';
import { keepIncoming } from '../../../slack/receiving/keep-incoming.ts';
import { createInboxReceiver } from '../../../slack/receiving/receiver.ts';
import type { SocketConnection, SocketEvent } from '../../../slack/receiving/socket-connection.ts';
import type { Queryable } from '../../../store/database.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

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

function message(ts: string, text: string, threadTs?: string): Record<string, unknown> {
  const event = { type: 'message', channel: 'C1', user: 'U1', ts, text, ...(threadTs && { thread_ts: threadTs }) };
  return { type: 'event_callback', event_id: `E${ts}`, event };
}

/** What Slack sends in one go, to a database that takes its time with the first of it. */
async function receive(bodies: readonly Record<string, unknown>[]): Promise<string[]> {
  let slow = true;
  const hesitant = {
    async query(...args: Parameters<Queryable['query']>) {
      if (slow) {
        slow = false;
        await pause(200);
      }
      return db.database.query(...args);
    },
  } as Queryable;
  let handler: (event: SocketEvent) => void = () => undefined;
  const receiver = createInboxReceiver({
    connection: {
      onEvent(given) {
        handler = given;
      },
    } as SocketConnection,
    keep: async (body, earlier) => void (await keepIncoming(hesitant, IDENTITY, body, earlier)),
    onMissed: (error) => {
      throw error;
    },
    onListenerError: () => undefined,
  });
  receiver.init({ processEvent: async () => undefined } as never);
  const acknowledged = bodies.map(
    (body) => new Promise<void>((resolve) => handler({ body, acknowledge: async () => resolve() })),
  );
  await Promise.all(acknowledged);
  await receiver.drain();
  const { rows } = await db.database.query<{ text: string }>('select text from inbox order by ts');
  return rows.map(({ text }) => text);
}

test('what is said below a mention is kept also when both come at the same moment', async () => {
  const bodies = [message('1.1', '<@UBOT> chart it'), message('1.2', 'by day, please', '1.1')];
  expect(await receive(bodies)).toEqual(['<@UBOT> chart it', 'by day, please']);
});

test('what is said in a thread where nobody listens is not kept, whatever else comes', async () => {
  expect(await receive([message('1.1', '<@UBOT> chart it'), message('1.2', 'lunch?', '0.5')])).toEqual([
    '<@UBOT> chart it',
  ]);
});
