import { setTimeout as pause } from 'node:timers/promises';
import type { Installation } from '../test/support/installation/installation.ts';
import { waitForTurn } from '../test/support/installation/turns.ts';
import { refillBuckets } from '../test/support/refill-buckets.ts';
import { everyText, type SimMessage, type TestSlack } from '../test/support/slack-simulator.ts';
import type { Bench } from './bench.ts';
import { ratios } from './figures.ts';
import { type BareBot, startBareBot } from './peers/start-bare-bot.ts';
import { alternate } from './rounds.ts';

const RATIO_BAR = 1.5;
const WARM_UP = 2;
/** The demo model's language: three lines are three model calls with one tool call each, and a fourth answers. */
const THREE_TOOLS = '@bellhop\n$ true\n$ true\n$ true';
/** What only an answer of the demo model has. */
const ANSWER = /Demo model/;
const BARE_ANSWER = /^Done/;
/** What is done after the answer (the sandbox is settled, the row of the turn written) is not part of a turn. */
const SETTLE_MS = 400;

/**
 * From the message until its final answer is visible, both in a thread that exists: the sandbox runs, as the bare
 * bot's container does. The model takes no time, so that only what Bellhop adds is measured.
 */
export const turn: Bench = {
  name: 'turn',
  what: 'a turn with three tool calls and a model that takes no time, against a bare Bolt bot',
  async run(stage) {
    const bellhop = await stage.installation();
    await using bot = await startBareBot(stage);
    const [ours, theirs] = [await beginThread(bellhop), await beginBareThread(bot)];
    let turns = 1;
    const samples = await alternate(
      {
        async bellhop() {
          await refillBuckets(bellhop);
          turns += 1;
          const took = await ask(bellhop.slack, ours, THREE_TOOLS, ANSWER);
          await waitForTurn(bellhop, ours, turns);
          await pause(SETTLE_MS);
          return took;
        },
        async bare() {
          const took = await ask(bot.slack, theirs, '@bellhop go', BARE_ANSWER);
          await pause(SETTLE_MS);
          return took;
        },
      },
      stage.rounds(15),
      WARM_UP,
    );
    return [
      { what: 'Bellhop: message until final answer', unit: 'ms', samples: samples.bellhop },
      { what: 'bare Bolt bot: the same', unit: 'ms', samples: samples.bare },
      { what: 'ratio of the two', unit: '×', samples: ratios(samples.bellhop, samples.bare), bar: RATIO_BAR },
    ];
  },
};

async function ask(slack: TestSlack, thread: SimMessage, text: string, answer: RegExp): Promise<number> {
  const began = performance.now();
  const { ts } = await slack.post('ada', thread.channel, text, { threadTs: thread.ts });
  await slack.waitForAnswer(thread, (said) => Number(said.ts) > Number(ts) && answer.test(everyText(said)));
  return performance.now() - began;
}

async function beginThread(bellhop: Installation): Promise<SimMessage> {
  const thread = await bellhop.slack.post('ada', '#general', THREE_TOOLS);
  await bellhop.slack.waitForAnswer(thread, ANSWER, 60_000);
  await waitForTurn(bellhop, thread, 1);
  return thread;
}

async function beginBareThread({ slack }: BareBot): Promise<SimMessage> {
  const thread = await slack.post('ada', '#general', '@bellhop go');
  await slack.waitForAnswer(thread, BARE_ANSWER);
  return thread;
}
