import { setTimeout as sleep } from 'node:timers/promises';
import { FAILURES } from '../../contracts/failures.ts';
import { APP } from '../../simulators/slack/world/workspace.ts';
import { everyText, type SimEphemeral, type SimMessage } from '../../test/support/slack-simulator.ts';
import { contentOf, fileOf, type Saying, textOf } from './sayings.ts';
import type { Site } from './site.ts';

/** What the demo model ends each of its answers with. */
const SIGNATURE = 'Demo model: I follow a script';
const STOPPED = /^(Stopped by|Nothing is running)/m;
const FAILED = Object.values(FAILURES).map(({ thread }) => thread);

/** A message that was said, and when its answer came. */
export interface Said {
  readonly saying: Saying;
  readonly message: Pick<SimMessage, 'channel' | 'ts'>;
  /** `ts` of the thread's first message. */
  readonly threadTs: string;
  readonly at: number;
  answeredAt: number | null;
  /** The thread was told that its turn failed, in these words. */
  failure: string | null;
}

/** Says things in Slack, and sees there when they are answered. */
export interface Conversations extends Disposable {
  /** Says it at its time, counted from now. Resolves when it was said. */
  say(saying: Saying): Promise<void>;
  readonly said: readonly Said[];
  /** How many have neither an answer nor a word about a failure, or are not said yet. */
  readonly open: number;
  /** When the last answer came. */
  readonly lastAnswerAt: number;
  /** Resolves when it has been answered or failed, false when that took longer. */
  settled(id: string, withinMs: number): Promise<boolean>;
}

export function createConversations({ slack }: Pick<Site, 'slack'>, now: () => number): Conversations {
  const said: Said[] = [];
  const roots = new Map<number, { channel: string; ts: string }>();
  let coming = 0;
  let lastAnswerAt = now();

  const isOpen = ({ answeredAt, failure }: Said) => answeredAt === null && failure === null;
  const unanswered = (channel: string, threadTs: string) =>
    said.filter((one) => one.answeredAt === null && one.message.channel === channel && one.threadTs === threadTs);

  const unfollow = slack.simulator.changes.follow(({ type, data }) => {
    if (type === 'ephemeral') {
      const { channel, threadTs, text } = data as Pick<SimEphemeral, 'channel' | 'threadTs' | 'text'>;
      for (const one of unanswered(channel, threadTs ?? '')) if (isStopWord(one.saying, text)) one.answeredAt = now();
      return;
    }
    if (type !== 'message') return;
    const { channel, ts } = data as { channel: string; ts: string };
    const message = slack.simulator.world.message(channel, ts);
    if (message === undefined) return;
    if (message.user !== APP.userId) {
      if (hasStopSign(message)) for (const one of unanswered(channel, message.threadTs ?? ts)) stopped(one);
      return;
    }
    const text = everyText(message);
    for (const one of unanswered(message.channel, message.threadTs ?? message.ts)) {
      if (isAnswerTo(one.saying, text)) {
        one.answeredAt = now();
        one.failure = null;
        lastAnswerAt = now();
      } else {
        one.failure ??= FAILED.find((words) => text.includes(words)) ?? null;
      }
    }
  });

  function stopped(one: Said): void {
    if (one.saying.ask.kind === 'stop' || one.saying.ask.kind === 'endless') one.answeredAt = now();
  }

  async function say(saying: Saying): Promise<void> {
    coming += 1;
    try {
      if (saying.waits) await untilThreadSettled(saying);
      await sleep(saying.afterMs);
      const root = roots.get(saying.thread);
      const place = saying.place === 'dm' ? await slack.openDm(saying.as) : `#${saying.place}`;
      const files = saying.ask.kind === 'file' ? [{ name: fileOf(saying.id), content: contentOf(saying.id) }] : [];
      const message = await slack.post(saying.as, place, textOf(saying), {
        files,
        ...(root === undefined ? {} : { threadTs: root.ts }),
      });
      const { channel, ts } = root ?? message;
      if (root === undefined) roots.set(saying.thread, { channel, ts });
      said.push({ saying, message, threadTs: ts, at: now(), answeredAt: null, failure: null });
    } finally {
      coming -= 1;
    }
  }

  async function untilThreadSettled({ thread }: Saying): Promise<void> {
    const before = () => said.filter(({ saying }) => saying.thread === thread);
    while (before().length === 0 || before().some(isOpen)) await sleep(50);
  }

  return {
    say,
    said,
    get open() {
      return coming + said.filter(isOpen).length;
    },
    get lastAnswerAt() {
      return lastAnswerAt;
    },
    async settled(id, withinMs) {
      const end = now() + withinMs;
      while (now() < end) {
        const found = said.find(({ saying }) => saying.id === id);
        if (found && !isOpen(found)) return true;
        await sleep(50);
      }
      return false;
    },
    [Symbol.dispose]: unfollow,
  };
}

/**
 * Whether the app has put its sign of a stop on a message. A stop that came before the turn began gets no other word, because there
 * was nothing to end; one that ended a turn gets its words as well.
 */
export function hasStopSign({ reactions }: Pick<SimMessage, 'reactions'>): boolean {
  return reactions.some(({ name, users }) => name === 'octagonal_sign' && users.includes(APP.userId));
}

/** Whether words that one person alone sees answer a stop: there was nothing to end. */
export function isStopWord({ ask }: Pick<Saying, 'ask'>, text: string): boolean {
  return (ask.kind === 'stop' || ask.kind === 'endless') && STOPPED.test(text);
}

/** Whether a message of the app, all of its text, ends what was asked. A stop ends the work before it as well. */
export function isAnswerTo({ id, ask }: Pick<Saying, 'id' | 'ask'>, text: string): boolean {
  if (ask.kind === 'stop' || ask.kind === 'endless') return STOPPED.test(text);
  // By its own command: another message may name it as well, as `recall` does.
  const command = ask.kind === 'echo' ? `echo ${id}` : `/${id}`;
  return text.includes(SIGNATURE) && new RegExp(`${command}\\b`).test(text);
}
