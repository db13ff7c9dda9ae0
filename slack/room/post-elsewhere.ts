import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { NotAllowed, Posted, PostPlan, PostWish, Reader } from '../../contracts/slack-reading.ts';
import { awaitPost, stopAwaiting } from '../../store/awaited-posts.ts';
import type { Database } from '../../store/database.ts';
import { postedMessage, putMessage } from '../../store/outbox.ts';
import { findPerson } from '../../store/people.ts';
import { inTurn } from '../../store/turn-fence.ts';
import { permalinkOf } from '../api/identity.ts';
import { judgeFrom, NO_SUCH_CHANNEL } from './judge-reach.ts';
import type { Place, PlacesOptions } from './places.ts';
import { type Asking, askingOf, channelIdOf, reachedPlace } from './reach.ts';

export interface PostOptions extends PlacesOptions {
  readonly db: Database;
}

/** Slack usually has a post within a second; a channel where much is posted takes longer. */
const WAIT_MS = 15_000;
const LOOK_EVERY_MS = 250;
/** An attempt that has not ended its wait by then has died, so somebody else tells of a refusal. */
const AWAITED_MS = 2 * WAIT_MS;

/**
 * Where a post would go, in which words it names its asker, and whether a person must approve it first. Posts
 * nothing.
 */
export async function planPost(
  options: PostOptions,
  reader: Reader,
  { channel }: PostWish,
): Promise<PostPlan | NotAllowed> {
  const planned = await plan(options, reader, channel);
  return 'refused' in planned ? planned : { label: planned.place.label, line: planned.line, ask: planned.place.ask };
}

/**
 * A row of the outbox under the call's own key, written while the turn runs. So a repeated attempt finds the row, a late one changes nothing,
 * and Slack gets one message.
 */
export async function postElsewhere(
  options: PostOptions,
  reader: Reader,
  key: string,
  { channel, text }: PostWish,
  signal: AbortSignal,
): Promise<Posted | NotAllowed> {
  const { db, identity } = options;
  const planned = await plan(options, reader, channel);
  if ('refused' in planned) return planned;
  const { place, line } = planned;
  const target = { key, team: identity.team, channel: place.id, threadTs: null };
  const elsewhere = { about: reader.session, place: place.label };
  const attempt = randomUUID();
  await inTurn(db, reader, async (tx) => {
    await putMessage(tx, { ...target, body: { kind: 'answer', text, footer: line, elsewhere }, final: true });
    await awaitPost(tx, key, attempt, AWAITED_MS);
  });
  const outcome = await outcomeOf(db, key, attempt, signal);
  if (outcome?.slackTs) return { link: permalinkOf(identity, place.id, outcome.slackTs) };
  return outcome?.failed ? { failed: outcome.failed } : { slow: true };
}

/** What became of the post within a while. When that is not known by then, the sender tells of a refusal. */
async function outcomeOf(
  db: Database,
  key: string,
  attempt: string,
  signal: AbortSignal,
): ReturnType<typeof postedMessage> {
  try {
    for (let waited = 0; waited < WAIT_MS; waited += LOOK_EVERY_MS) {
      const now = await postedMessage(db, key);
      if (now?.slackTs || now?.failed) return now;
      await delay(LOOK_EVERY_MS, undefined, { signal });
    }
  } catch (error) {
    await stopAwaiting(db, key, attempt);
    throw error;
  }
  return stopAwaiting(db, key, attempt);
}

async function plan(
  options: PostOptions,
  reader: Reader,
  channel: string,
): Promise<{ readonly place: Place & { readonly ask: boolean }; readonly line: string } | NotAllowed> {
  const asking = await askingOf(options, reader);
  if ('refused' in asking) return asking;
  const base = judgeFrom('post', asking.from);
  if (!base.ok) return { refused: base.why };
  const id = await channelIdOf(options, asking, channel);
  if (id === null) return { refused: NO_SUCH_CHANNEL };
  const place = await reachedPlace(options, asking, 'post', id);
  return 'refused' in place ? place : { place, line: await lineOf(options, asking) };
}

/** Plain words: neither the channel nor the person is mentioned by them. */
async function lineOf({ db, identity }: PostOptions, { from, person, requester }: Asking): Promise<string> {
  if (person === null) return `From ${from.label} for ${requester.replace(':', ' ')}`;
  const name = (await findPerson(db, identity.team, person))?.name ?? person;
  return `From ${from.label} for ${name}${from.kind === 'im' ? ', who approved it' : ''}`;
}
