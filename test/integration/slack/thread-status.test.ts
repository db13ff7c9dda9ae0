import { randomUUID } from 'node:crypto';
import { putMessage, putStatus } from '../../../store/outbox.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;

beforeAll(async () => {
  stage = await startGatewayStage();
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

test('a status that something was posted after is not set, because no post would clear it', async () => {
  const { slack, db } = stage;
  const thread = await slack.post('ada', 'platform-eng', 'a thread of its own');
  const target = { team: TEAM, channel: thread.channel, threadTs: thread.ts };
  const status = async () => {
    const key = randomUUID();
    await putStatus(db.database, { ...target, key, body: { status: 'is getting to work…' } });
    return key;
  };
  const looked = (key: string) =>
    until(async () => {
      const { rowCount } = await db.database.query('select 1 from outbox where key = $1 and sent_revision = 1', [key]);
      return rowCount === 1;
    }, 'the status to be looked at');
  const shown = async () => (await slack.state()).statuses.map((each) => each.status);

  const gateway = await stage.start();
  await looked(await status());
  await until(async () => (await shown()).length === 1, 'the status before anything is posted');
  await putMessage(db.database, { ...target, key: randomUUID(), body: { kind: 'answer', text: 'One.' }, final: true });
  await until(async () => (await shown()).length === 0, 'the answer to clear it');
  await gateway.stop();

  const late = await status();
  const dueIn = (time: string) =>
    db.database.query('update outbox set not_before = now() + $2::interval where key = $1', [late, time]);
  await dueIn('1 hour');
  await putMessage(db.database, { ...target, key: randomUUID(), body: { kind: 'answer', text: 'Two.' }, final: true });
  const another = await stage.start();
  await slack.waitForAnswer(thread, /Two/);
  await until(
    async () => (await db.database.query('select 1 from outbox where sent_revision = 0')).rowCount === 1,
    'it',
  );
  await dueIn('0');
  await looked(late);
  expect(await shown()).toEqual([]);
  await another.stop();
}, 30_000);
