import { setTimeout as sleep } from 'node:timers/promises';
import type { Conversations } from './conversation.ts';
import type { Fault } from './faults.ts';
import type { Strike } from './plan.ts';
import type { Saying } from './sayings.ts';
import type { Striker } from './striker.ts';

/** A fault that struck. */
export interface Struck {
  readonly fault: Fault;
  readonly question: Saying;
  /** By the clock that answers are measured by. */
  readonly endedAt: number;
  /** Nothing else was struck from its beginning until its question was answered. */
  readonly alone: boolean;
}

export interface Player {
  /** Plays one strike; resolves when the next one may begin. */
  play(strike: Strike): Promise<void>;
  readonly struck: readonly Struck[];
  /** Rejects when a fault could not be taken back: `up` did not come up again. */
  finished(): Promise<void>;
}

export interface PlayerOptions {
  readonly conversations: Pick<Conversations, 'say' | 'settled' | 'open'>;
  readonly striker: Pick<Striker, 'strike' | 'underWay'>;
  readonly tell: (line: string) => void;
}

/** A strike that is to be measured alone is waited for this long. */
const CALM_MS = 90_000;

export function createPlayer({ conversations, striker, tell }: PlayerOptions): Player {
  const struck: Struck[] = [];
  const overs: Promise<void>[] = [];
  const remember = (over: Promise<void>): void => {
    // An error reaches the code that awaits `finished`.
    over.catch(() => {});
    overs.push(over);
  };

  async function play(strike: Strike): Promise<void> {
    tell(`${describeStrike(strike)}; ${conversations.open} open`);
    const isFirst = striker.underWay === 0;
    for (const saying of strike.sayings) remember(conversations.say(saying));
    const strikings = strike.faults.map(async (fault) => {
      await sleep(fault.afterMs);
      return { fault, ...striker.strike(fault) };
    });
    const begun = Promise.all(strikings.map(async (each) => await (await each).begun));
    const over = Promise.all(
      strikings.map(async (each) => {
        const { fault, ended, over: isOver } = await each;
        await isOver;
        const endedAt = await ended;
        const alone = isFirst && strike.calm && strike.faults.length === 1;
        if (endedAt === null) tell(`  ${fault.target} was not there to be ${fault.kind}`);
        else struck.push({ fault, question: strike.question, endedAt, alone });
      }),
    ).then(() => {});
    remember(over);
    await begun;
    remember(conversations.say(strike.question));
    if (strike.calm) {
      await over;
      await conversations.settled(strike.question.id, CALM_MS);
    }
    await sleep(strike.pauseMs);
  }

  return {
    play,
    struck,
    finished: async () => void (await Promise.all(overs)),
  };
}

/** One line for people: what is struck, and how. */
export function describeStrike({ number, faults, sayings, calm }: Strike): string {
  const what = faults.map(({ target, kind, forMs, afterMs }) => {
    return `${target} ${kind}${forMs > 0 ? ` for ${(forMs / 1_000).toFixed(1)} s` : ''} at ${(afterMs / 1_000).toFixed(1)} s`;
  });
  const said = sayings.map(({ ask }) => ask.kind).join(' ');
  return `${number}: ${what.join(', ')}${calm ? ', calm' : ''}${said && `; ${said}`}`;
}
