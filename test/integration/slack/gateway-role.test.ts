import { randomBytes, randomUUID } from 'node:crypto';
import { saveFile } from '../../../store/files.ts';
import { putFile, putMessage } from '../../../store/outbox.ts';
import { DATABASE_ROLES, type DatabaseRole, dropRoles, ensureRoles, urlForRole } from '../../../store/roles.ts';
import { beginStatus } from '../../../store/working-status.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { type SpawnedWorker, spawnWorker } from '../../support/spawn-worker.ts';
import { until } from '../../support/until.ts';

const installation = randomBytes(4).toString('hex');
let stage: GatewayStage;
let gateway: SpawnedWorker;

beforeAll(async () => {
  stage = await startGatewayStage();
  const passwords = Object.fromEntries(DATABASE_ROLES.map((role) => [role, randomUUID()])) as Record<
    DatabaseRole,
    string
  >;
  await ensureRoles(stage.db.url, installation, passwords);
  gateway = spawnWorker('gateway', {
    ...stage.slack.environment,
    BELLHOP_DATABASE_URL: urlForRole(stage.db.url, installation, 'gateway', passwords.gateway),
    TEMPORAL_ADDRESS: stage.temporal.address,
    TEMPORAL_NAMESPACE: 'bellhop',
  });
  await gateway.ready();
}, 60_000);
afterAll(async () => {
  await gateway?.kill('SIGTERM');
  if (stage) await dropRoles(stage.db.url, installation);
  await stage?.[Symbol.asyncDispose]();
});

test('the gateway does all of its work with the least rights of its role', async () => {
  const { slack, db } = stage;
  const files = [{ name: 'a.csv', content: 'a,b' }];
  const parent = await slack.post('grace', 'platform-eng', 'some numbers', { files });
  const mention = await slack.post('ada', parent.channel, '@bellhop chart it', { threadTs: parent.ts, files });
  await slack.waitForReaction(mention, 'eyes');
  await slack.post('ada', parent.channel, '@bellhop status', { threadTs: parent.ts });
  await slack.waitForWhisper('ada', /Nothing is running here/);
  await slack.post('ada', parent.channel, '@bellhop mute', { threadTs: parent.ts });
  await slack.waitForAnswer(parent, /Muted by ada/);
  await slack.post('ada', parent.channel, '@bellhop stop', { threadTs: parent.ts });
  await until(async () => (await stage.signals(stage.sessionOf(parent))).length === 2, 'the stop');
  const guest = await slack.post('gia', 'partners', '@bellhop and me?');
  await slack.waitForAnswer(guest, /Guests/);

  const session = stage.sessionOf(parent);
  const place = { team: TEAM, channel: parent.channel, threadTs: parent.ts, session };
  await beginStatus(db.database, { session, turn: 1 }, place, 'is working…');
  const bytes = Buffer.from('chart');
  const fileId = await saveFile(db.database, { session, name: 'chart.png', bytes, direction: 'out', origin: 'x' });
  await putFile(db.database, { ...place, key: 'f', body: { fileId, name: 'chart.png' } });
  await putMessage(db.database, {
    ...place,
    key: 'm',
    body: { kind: 'answer', text: 'x '.repeat(9_000) },
    final: true,
  });
  await until(async () => {
    const { rows } = await db.database.query('select count(*)::int as n from outbox where sent_revision < revision');
    return rows[0]?.n === 0;
  }, 'the outbox to be empty');
  await until(async () => (await db.database.query('select 1 from slack_watermark')).rowCount === 1, 'the watermark');
  expect(gateway.output()).not.toMatch(/permission denied/);
}, 30_000);
