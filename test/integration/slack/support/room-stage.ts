import { MockActivityEnvironment } from '@temporalio/testing';
import { createSlackActivities } from '../../../../activities/use-slack.ts';
import type { SessionId } from '../../../../contracts/ids.ts';
import { channelScope, groupDmScope, personScope, principalOf, type ScopeKey } from '../../../../contracts/scope.ts';
import type { Channel, Message } from '../../../../simulators/slack/world/types.ts';
import type { Gateway } from '../../../../slack/start-gateway.ts';
import { inTransaction } from '../../../../store/database.ts';
import { ensureSession } from '../../../../store/sessions.ts';
import { addToolSteps } from '../../../../store/steps.ts';
import { readTranscript } from '../../../../store/transcript.ts';
import { advanceFence, lockSession } from '../../../../store/turn-fence.ts';
import { insertTurn } from '../../../../store/turns.ts';
import { type GatewayStage, type StageOptions, startGatewayStage, TEAM } from '../../../support/gateway-stage.ts';
import type { SimMessage } from '../../../support/slack-simulator.ts';

export interface ToolAnswer {
  readonly text: string;
  readonly isError: boolean;
}

/** A gateway whose tools are called as a turn's workflow does, with one activity for each call. */
export interface RoomStage extends AsyncDisposable {
  readonly stage: GatewayStage;
  readonly gateway: Gateway;
  /** Somebody calls the agent, and a turn of that thread runs. */
  begin(as: string, channel: string, text?: string, threadTs?: string): Promise<SimMessage>;
  /** The same without waiting for the gateway's judgement of who may speak there: a turn of that person simply runs. */
  beginIn(channel: string, person: string): Promise<Pick<SimMessage, 'channel' | 'ts' | 'threadTs'>>;
  /** A call of a tool in the newest turn of the message's thread. */
  call(thread: Pick<SimMessage, 'channel' | 'ts' | 'threadTs'>, tool: string, given?: object): Promise<ToolAnswer>;
  /** The same call once more, as after a crash of its gateway. */
  attempt(ref: CallRef): Promise<ToolAnswer | undefined>;
  pending(thread: Pick<SimMessage, 'channel' | 'ts' | 'threadTs'>, tool: string, given?: object): Promise<CallRef>;
  /** Puts a message into a channel as Slack's history has it, without any event. */
  seed(message: { channel: string; user: string; text: string; threadTs?: string } & Partial<Message>): string;
  sessionOf(thread: Pick<SimMessage, 'channel' | 'ts' | 'threadTs'>): SessionId;
}

export interface CallRef {
  readonly session: SessionId;
  readonly turn: number;
  readonly step: number;
  readonly tool: string;
}

function scopeIn(kind: Channel['kind'], channel: string, person: string): ScopeKey {
  if (kind === 'im') return personScope(TEAM, person);
  return kind === 'mpim' ? groupDmScope(TEAM, channel) : channelScope(TEAM, channel);
}

/** Short enough for a test, and still several attempts. */
const BUDGET = { cause: 'slack', windowMs: 4_000, firstPauseMs: 50, longestPauseMs: 500 };

export async function startRoomStage(
  options: StageOptions = {},
  slackOptions: Parameters<typeof startGatewayStage>[0] = {},
): Promise<RoomStage> {
  const stage = await startGatewayStage(slackOptions);
  const gateway = await stage.start(options);
  const { database } = stage.db;
  const { world } = stage.slack.simulator;
  const { useSlack } = createSlackActivities({ database, room: gateway.room, budget: BUDGET });
  let step = 1;

  const sessionOf = ({ channel, ts, threadTs }: Pick<SimMessage, 'channel' | 'ts' | 'threadTs'>): SessionId =>
    stage.sessionOf({ channel, ts: threadTs ?? ts });

  const resultOf = async ({ session, turn, step: number }: CallRef): Promise<ToolAnswer | undefined> => {
    const rows = await readTranscript(database, session);
    return rows.flatMap((row) =>
      row.role === 'tool' && row.turn === turn && row.step === number
        ? [{ text: row.content.text, isError: row.content.isError }]
        : [],
    )[0];
  };

  const room: RoomStage = {
    stage,
    gateway,
    sessionOf,
    async begin(as, channel, text = '@bellhop begin', threadTs) {
      const mention = await stage.slack.post(as, channel, text, threadTs === undefined ? {} : { threadTs });
      await stage.slack.waitForReaction(mention, 'eyes');
      const session = sessionOf(mention);
      const fence = { run: 1, count: ++step };
      await inTransaction(database, async (db) => {
        await lockSession(db, session);
        await advanceFence(db, session, fence);
        await insertTurn(db, { session, fence, after: 0, stoppedUpTo: null });
      });
      return mention;
    },
    async beginIn(name, person) {
      const channel = world.channel(name);
      const author = world.person(person);
      if (!channel || !author) throw new Error(`no ${name} or ${person}`);
      const ts = room.seed({ channel: channel.id, user: author.id, text: 'begin' });
      const session = stage.sessionOf({ channel: channel.id, ts });
      const scope = scopeIn(channel.kind, channel.id, author.id);
      const fence = { run: 1, count: ++step };
      await inTransaction(database, async (db) => {
        await ensureSession(db, { id: session, scope, principal: principalOf(scope), permalink: null });
        await db.query(
          `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, author_class, address, text, files, state, delivered_at)
           values ($1, 'message', $2, $3, $4, $4, $5, 'member', 'mention', 'begin', '[]', 'delivered', now())`,
          [`seed:${session}`, TEAM, channel.id, ts, author.id],
        );
        await lockSession(db, session);
        await advanceFence(db, session, fence);
        await insertTurn(db, { session, fence, after: 0, stoppedUpTo: null });
      });
      return { channel: channel.id, ts, threadTs: null };
    },
    async pending(thread, tool, given = {}) {
      const session = sessionOf(thread);
      const { rows } = await database.query<{ turn: number }>(
        'select max(number) as turn from turn where session = $1',
        [session],
      );
      const ref = { session, turn: rows[0]?.turn ?? 0, step: ++step, tool };
      await addToolSteps(database, session, ref.turn, [{ step, tool, call: `c${step}`, arguments: given }]);
      return ref;
    },
    async attempt(ref) {
      for (;;) {
        try {
          await new MockActivityEnvironment().run(useSlack, ref);
          return await resultOf(ref);
        } catch (error) {
          // As Temporal does: again after the pause that the failure asks for.
          const { nextRetryDelay, nonRetryable } = error as { nextRetryDelay?: number; nonRetryable?: boolean };
          if (nonRetryable || nextRetryDelay === undefined) throw error;
          await new Promise((resolve) => setTimeout(resolve, Number(nextRetryDelay)));
        }
      }
    },
    async call(thread, tool, given) {
      const answer = await room.attempt(await room.pending(thread, tool, given));
      if (!answer) throw new Error(`${tool} has no result`);
      return answer;
    },
    seed({ channel: name, user, text, threadTs, ...rest }) {
      const channel = world.channel(name);
      const person = world.person(user);
      if (!channel || !person) throw new Error(`no ${name} or ${user}`);
      const ts = world.nextTs();
      const message: Message = {
        ...{ channel: channel.id, ts, user: person.id, subtype: null, threadTs: threadTs ?? null, broadcast: false },
        ...{
          clientMsgId: null,
          unfurlLinks: null,
          unfurlMedia: null,
          linkNames: false,
          text,
          blocks: [],
          notified: [],
        },
        ...{ attachments: [], metadata: null, fileIds: [], reactions: [], edited: null, deleted: false },
        ...rest,
      };
      world.messages.set(channel.id, [...world.history(channel.id), message]);
      return ts;
    },
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
  return room;
}
