import { randomUUID } from 'node:crypto';
import { putMessage, putStatus } from '../../../store/outbox.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;

beforeAll(async () => {
  stage = await startGatewayStage();
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

test('no status is set beside a live line, which an answer replaces without a post that would clear it', async () => {
  const { slack, db } = stage;
  const gateway = await stage.start();
  const thread = await slack.post('ada', 'platform-eng', 'a thread of its own');
  const target = { team: TEAM, channel: thread.channel, threadTs: thread.ts, session: stage.sessionOf(thread) };
  const status = async () => {
    const key = randomUUID();
    await putStatus(db.database, { ...target, key, body: { status: 'is getting to work…' } });
    await until(async () => {
      const { rowCount } = await db.database.query('select 1 from outbox where key = $1 and sent_revision = 1', [key]);
      return rowCount === 1;
    }, 'the status to be looked at');
  };
  const shown = async () => (await slack.state()).statuses.map((each) => each.status);

  await status();
  await until(async () => (await shown()).length === 1, 'the status before anything is posted');
  const answer = { ...target, key: randomUUID() };
  const since = new Date().toISOString();
  const working = { kind: 'working', step: 1, what: 'working', since } as const;
  await putMessage(db.database, { ...answer, body: working, final: false });
  await until(async () => (await shown()).length === 0, 'the live line to clear it');

  await status();
  await putMessage(db.database, { ...answer, body: { kind: 'answer', text: 'Stopped.' }, final: true });
  await slack.waitForAnswer(thread, /Stopped/);
  expect(await shown()).toEqual([]);
  await gateway.stop();
}, 30_000);
