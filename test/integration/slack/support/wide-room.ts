import type { Channel } from '../../../../simulators/slack/world/types.ts';
import { APP } from '../../../../simulators/slack/world/workspace.ts';
import { createSlackClient } from '../../../../slack/api/client.ts';
import { whoAmI } from '../../../../slack/api/identity.ts';
import type { PacedCalls } from '../../../../slack/api/paced-calls.ts';
import { SLACK_LIMITS } from '../../../../slack/api/rate-limits.ts';
import { createSlackRoom } from '../../../../slack/room/room.ts';
import { type RoomStage, startRoomStage } from './room-stage.ts';

export const [ADA, GRACE, GUEST] = ['U0000000ADA', 'U00000GRACE', 'U0000000GIA'] as const;
const channel = (id: string, name: string, members: string[]): Channel => ({
  ...{ kind: 'public', topic: 'where we launch', isGeneral: false, isArchived: false, isExtShared: false, created: 0 },
  ...{ id, name, members },
});
const CHANNELS = [
  channel('C00000CLEAN', 'clean', [ADA, GRACE, APP.userId]),
  channel('C0000LAUNCH', 'launch', [ADA, GRACE, APP.userId]),
  channel('C000000LONG', 'long', [ADA, GRACE, APP.userId]),
  channel('C0000THREAD', 'threads', [ADA, GRACE, APP.userId]),
];

/** A room stage with channels of its own for what is read, and with limits that no test reaches. */
export function startWideRoom(): Promise<RoomStage> {
  const wide = { capacity: 100_000, perSecond: 1_000 };
  const limits = Object.fromEntries(Object.keys(SLACK_LIMITS).map((method) => [method, wide]));
  return startRoomStage({ limits }, { more: { people: [], channels: CHANNELS } });
}

type Client = ReturnType<typeof createSlackClient>;

/** The room of a gateway that remembers nothing yet, with calls of one's own. */
export async function freshRoom(
  { stage: { slack, db } }: RoomStage,
  call: (client: Client, ...given: Parameters<PacedCalls['call']>) => ReturnType<PacedCalls['call']>,
) {
  const client = createSlackClient(slack.tokens.bot, slack.apiUrl, { warn: () => {}, error: () => {} });
  const calls: PacedCalls = { call: (...given) => call(client, ...given) };
  const directory = { person: async () => null };
  const identity = await whoAmI(client);
  return createSlackRoom({ db: db.database, calls, identity, directory, whyOff: async () => null });
}

/** All that Slack shows in a channel. */
export function historyOf({ stage }: RoomStage, name: string) {
  const { world } = stage.slack.simulator;
  return world.history(world.channel(name)?.id ?? '');
}

/** The messages in an answer, one a line. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => /^\d{4}-/.test(line));
}
