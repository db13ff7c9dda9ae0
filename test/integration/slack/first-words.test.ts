/** From the first token of the model to the first words that people see, over the official SDK, PostgreSQL, gateway and Slack's own limits. */
import { LLMock } from '@copilotkit/aimock';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createBeginning } from '../../../activities/begin-turn.ts';
import { createCallModel } from '../../../activities/call-model.ts';
import { createEnding } from '../../../activities/end-turn.ts';
import { createShowProgress } from '../../../activities/progress.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import type { Model } from '../../../agent/model/model.ts';
import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import { refillBuckets } from '../../support/refill-buckets.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';
import { agentOf } from '../agent/support/turn.ts';

const BAR_MS = 1_000;
/** What a call to Slack takes from a server of one's own. */
const SLACK_MS = 150;
/** How the answers begin. */
const FIRST = 'Alpha';
const ANSWER = `${FIRST} and then ${'many more words '.repeat(15)}to the end.`;
/** In the middle of the edit that says "thinking", just after it, and long after it. */
const FIRST_TOKEN_AFTER_MS = [100, 450, 1_500] as const;
const CHANNELS = ['platform-eng', 'general'] as const;

let stage: GatewayStage;
let vendor: LLMock;

beforeAll(async () => {
  vendor = new LLMock({ port: 0, host: '127.0.0.1' });
  [stage] = await Promise.all([startGatewayStage({ limitRates: true }), vendor.start()]);
}, 60_000);
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await vendor.stop();
});

/** A model that says when its first token came. */
function timed(model: Model, onFirst: () => void): Model {
  let isFirst = true;
  return {
    ...model,
    call: (request) =>
      model.call({
        ...request,
        onText(piece) {
          if (isFirst) onFirst();
          isFirst = false;
          request.onText?.(piece);
        },
      }),
  };
}

/** What the app's messages of a thread show. */
function visible({ channel, ts }: SimMessage): string {
  const { world } = stage.slack.simulator;
  return JSON.stringify(
    world
      .thread(channel, ts)
      .filter((message) => message.ts !== ts && !message.deleted)
      .map(({ text, blocks }) => [text, blocks]),
  );
}

async function answerIn(channel: string) {
  const { database } = stage.db;
  const thread = await stage.slack.post('ada', channel, '@bellhop tell me about it');
  await stage.slack.waitForReaction(thread, 'eyes');
  let firstToken = Number.NaN;
  let firstWords = Number.NaN;
  const views = new Set<string>();
  const unfollow = stage.slack.simulator.changes.follow(() => {
    const shown = visible(thread);
    if (!shown.includes(FIRST)) return;
    views.add(shown);
    if (Number.isNaN(firstWords)) firstWords = performance.now();
  });
  const session = stage.sessionOf(thread);
  const beginning = createBeginning({ database, settings: DEFAULT_SESSION_SETTINGS });
  const begun = await beginning.beginTurn({ session, fence: { run: 1, count: 1 }, after: 0, stoppedUpTo: null });
  if (!begun) throw new Error('no turn has begun');
  const turn = { session, turn: begun.turn };
  await beginning.resolveScopeAccess({ ...turn, scope: begun.scope });
  const agent = agentOf(database, vendor.url);
  const callModel = createCallModel({
    ...agent,
    model: timed(agent.model, () => {
      firstToken = performance.now();
    }),
    settings: DEFAULT_SESSION_SETTINGS,
    show: createShowProgress(database),
    log: { warn: () => {} } as never,
  });
  await new MockActivityEnvironment().run(callModel, { ...turn, step: 1 });
  await createEnding({ database }).endTurn({ ...turn, ending: 'answered' });
  // The small line under it comes with its final form.
  const isAnswer = ({ blocks }: SimMessage) => JSON.stringify(blocks).includes('0 tool calls');
  const answer = await stage.slack.waitForAnswer(thread, isAnswer);
  await until(async () => (await stage.slack.answers(thread)).length === 1, 'the live line to go');
  unfollow();
  return { answer, tookMs: firstWords - firstToken, views: views.size };
}

test('the first words of an answer are seen within a second of the first token, and the answer comes once and whole', async () => {
  const gateway = await stage.start();
  await stage.slack.fault({ delayMs: 'chat.update', ms: SLACK_MS, times: 1_000 });
  const figures: { readonly afterMs: number; readonly tookMs: number }[] = [];
  for (const ttft of FIRST_TOKEN_AFTER_MS) {
    vendor.reset();
    vendor.onMessage(/tell me about it/, { content: ANSWER }, { chunkSize: 12, streamingProfile: { ttft, tps: 15 } });
    // The live line is posted only where nothing was posted lately.
    await refillBuckets(stage.db);
    for (const channel of [...CHANNELS, await stage.slack.openDm('ada')]) {
      const { answer, tookMs, views } = await answerIn(channel);
      figures.push({ afterMs: ttft, tookMs: Math.round(tookMs) });
      expect(views).toBeGreaterThan(2);
      expect(JSON.stringify(answer.blocks)).toContain(ANSWER);
    }
  }
  await gateway.stop();
  // In the direct message Slack itself shows the message growing.
  expect(await stage.slack.calls('chat.startStream')).toHaveLength(FIRST_TOKEN_AFTER_MS.length);
  const late = figures.filter(({ tookMs }) => tookMs > BAR_MS);
  expect(late).toEqual([]);
}, 120_000);
