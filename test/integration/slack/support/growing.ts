/** Turns in a one-to-one direct message, whose model's words Slack shows growing. */
import { createBeginning } from '../../../../activities/begin-turn.ts';
import { createEnding } from '../../../../activities/end-turn.ts';
import { createShowProgress } from '../../../../activities/progress.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../../activities/settings.ts';
import type { EndTurnInput, TurnInput } from '../../../../contracts/activities.ts';
import { claimUnread } from '../../../../store/claim-messages.ts';
import { inTransaction } from '../../../../store/database.ts';
import { appendTranscript } from '../../../../store/transcript.ts';
import { type GatewayStage, startGatewayStage } from '../../../support/gateway-stage.ts';
import type { SimMessage } from '../../../support/slack-simulator.ts';
import { until } from '../../../support/until.ts';

export interface GrowingTurn extends TurnInput {
  /** The first message of its thread. */
  readonly thread: SimMessage;
  /** The model has written this much. */
  write(text: string, step?: number): Promise<void>;
  /** A later step: tools run. */
  work(step: number): Promise<void>;
  end(text: string, how?: Partial<EndTurnInput>): Promise<void>;
}

export interface Growing extends AsyncDisposable {
  readonly stage: GatewayStage;
  readonly dm: string;
  /** @param after the turn before it in the thread */
  begin(text?: string, threadTs?: string, after?: number): Promise<GrowingTurn>;
  /** What the agent has said in the thread, as Slack shows it, without the line that shows its work. */
  shown(turn: GrowingTurn): Promise<readonly SimMessage[]>;
  shows(turn: GrowingTurn, words: string): Promise<void>;
  /** Nothing of the turns' messages waits for Slack any more. */
  settled(): Promise<void>;
  /** All that the agent has said in the thread, once the answer has its final form and nothing waits for Slack. */
  finalAnswers(turn: GrowingTurn): Promise<readonly SimMessage[]>;
  /** How many calls of a method Slack has taken. */
  calls(method: string): Promise<number>;
}

const NO_USE = { inputTokens: 1, outputTokens: 1, cachedTokens: 0 };

export const textOf = (message: SimMessage | undefined): string => JSON.stringify(message?.blocks);

export async function startGrowing(slackOptions: Parameters<typeof startGatewayStage>[0] = {}): Promise<Growing> {
  const stage = await startGatewayStage(slackOptions);
  await stage.start();
  const dm = await stage.slack.openDm('ada');
  const { database } = stage.db;

  const growing: Growing = {
    stage,
    dm,
    async begin(text = 'tell me about it', threadTs, after = 0) {
      const message = await stage.slack.post('ada', dm, text, threadTs === undefined ? {} : { threadTs });
      await stage.slack.waitForReaction(message, 'eyes');
      const thread = { ...message, ts: threadTs ?? message.ts };
      const session = stage.sessionOf(thread);
      const beginning = createBeginning({ database, settings: DEFAULT_SESSION_SETTINGS });
      const fence = { run: 1, count: after + 1 };
      const begun = await beginning.beginTurn({ session, fence, after, stoppedUpTo: null });
      if (!begun) throw new Error('no turn has begun');
      const turn = { session, turn: begun.turn };
      // As the first model call does.
      await inTransaction(database, (db) => claimUnread(db, session, begun.turn, () => 1));
      const show = createShowProgress(database);
      const { endTurn } = createEnding({ database });
      return {
        ...turn,
        thread,
        write: (words, step = 1) => show({ ...turn, step, what: 'writing', text: words, first: true }),
        work: (step) => show({ ...turn, step, what: 'running a command' }),
        async end(words, how = {}) {
          const said = {
            blocks: [{ type: 'text', text: words }],
            stopReason: 'end',
            usage: NO_USE,
            model: 'a model',
          } as const;
          await appendTranscript(database, session, [
            { role: 'assistant', turn: turn.turn, step: 99, content: said, tokens: 1 },
          ]);
          await endTurn({ ...turn, ending: 'answered', ...how });
        },
      };
    },
    async shown({ thread }) {
      const all = await stage.slack.answers(thread);
      return all.filter(({ deleted, text }) => !deleted && !text.startsWith('Working'));
    },
    shows: (turn, words) =>
      until(async () => (await growing.shown(turn)).some((message) => textOf(message).includes(words)), words),
    settled: () =>
      until(async () => {
        const { rows } = await database.query(
          "select 1 from outbox where kind = 'message' and sent_revision < revision and failed is null",
        );
        return rows.length === 0;
      }, 'Slack to show what the outbox wants'),
    async finalAnswers(turn) {
      await growing.shows(turn, 'tool calls');
      await growing.settled();
      return stage.slack.answers(turn.thread);
    },
    calls: async (method) => (await stage.slack.calls(method)).filter(({ ok }) => ok).length,
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
  return growing;
}
