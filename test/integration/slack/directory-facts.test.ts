import { findChannel } from '../../../store/channels.ts';
import { findPerson } from '../../../store/people.ts';
import { type GatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { onGateway } from '../../support/on-gateway.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;

onGateway((begun) => {
  stage = begun;
});

test('what Slack says of a channel and of who writes there is kept for the model', async () => {
  const { slack, db } = stage;
  const mention = await slack.post('ada', 'platform-eng', '@bellhop hello');
  await slack.waitForReaction(mention, 'eyes');
  const { rows } = await db.database.query<{ author: string }>('select author from inbox where ts = $1', [mention.ts]);
  expect(await findChannel(db.database, TEAM, mention.channel)).toMatchObject({
    topic: 'Builds, data and on-call',
    purpose: 'Builds, data and on-call',
  });
  expect(await findPerson(db.database, TEAM, rows[0]?.author ?? '')).toMatchObject({
    title: 'Platform engineer',
    zone: 'Europe/London',
  });
});

test.each(['private', 'public'] as const)('a channel that becomes %s is asked about anew', async (kind) => {
  const { slack, db } = stage;
  const before = await slack.post('ada', 'platform-eng', '@bellhop hello');
  await slack.waitForReaction(before, 'eyes');
  await slack.changeChannel('platform-eng', { kind });
  const after = await slack.post('ada', 'platform-eng', '@bellhop hello again');
  await slack.waitForReaction(after, 'eyes');
  await until(async () => (await findChannel(db.database, TEAM, after.channel))?.kind === kind, 'the new kind');
});
