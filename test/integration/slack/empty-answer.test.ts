/** A model that ends without a word, from the vendor's stream to what the thread shows. */
import { LLMock } from '@copilotkit/aimock';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createBeginning } from '../../../activities/begin-turn.ts';
import { createCallModel } from '../../../activities/call-model.ts';
import { createEnding } from '../../../activities/end-turn.ts';
import { createShowProgress } from '../../../activities/progress.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import { everyText } from '../../support/slack-simulator.ts';
import { agentOf } from '../agent/support/turn.ts';

let stage: GatewayStage;
let vendor: LLMock;

beforeAll(async () => {
  vendor = new LLMock({ port: 0, host: '127.0.0.1' });
  [stage] = await Promise.all([startGatewayStage(), vendor.start()]);
  await stage.start();
}, 60_000);
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await vendor.stop();
});

test('an empty answer says that there was none, in a message that people are notified of, and not that anything is done', async () => {
  const { slack, db } = stage;
  const { database } = db;
  vendor.onMessage(/restart/, { content: '' });
  const thread = await slack.post('ada', 'platform-eng', '@bellhop restart the build');
  await slack.waitForReaction(thread, 'eyes');
  const session = stage.sessionOf(thread);
  const beginning = createBeginning({ database, settings: DEFAULT_SESSION_SETTINGS });
  const begun = await beginning.beginTurn({ session, fence: { run: 1, count: 1 }, after: 0, stoppedUpTo: null });
  if (!begun) throw new Error('no turn has begun');
  const turn = { session, turn: begun.turn };
  await beginning.resolveScopeAccess({ ...turn, scope: begun.scope });
  const callModel = createCallModel({
    ...agentOf(database, vendor.url),
    settings: DEFAULT_SESSION_SETTINGS,
    show: createShowProgress(database),
    log: { warn: () => {} } as never,
  });
  await new MockActivityEnvironment().run(callModel, { ...turn, step: 1 });
  await createEnding({ database }).endTurn({ ...turn, ending: 'answered' });
  const answer = await slack.waitForAnswer(thread, (each) => /without an answer/.test(everyText(each)));
  expect(everyText(answer)).not.toMatch(/done|no text/i);
  expect(answer.edited).toBeNull();
  expect(answer.notified).toContain('U0000000ADA');
});
