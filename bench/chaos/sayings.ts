import type { Random } from './random.ts';

/** What one message asks for, and so what must be seen of it. */
export type Ask =
  /** One injected request. */
  | { readonly kind: 'request' }
  /** The same after some seconds of work, in which others speak. */
  | { readonly kind: 'work'; readonly seconds: number }
  /** Work that only a stop ends; its request must never be made. */
  | { readonly kind: 'endless' }
  | { readonly kind: 'stop' }
  /** A file comes in, and comes back under another name. */
  | { readonly kind: 'file' }
  /** Leaves a file in the workspace. */
  | { readonly kind: 'keep' }
  /** Needs the file that `of` has left, after the sandbox was removed. */
  | { readonly kind: 'recall'; readonly of: string }
  /** A command without a request, where nothing may be reached. */
  | { readonly kind: 'echo' };

/** One message of a person. */
export interface Saying {
  /** Names it in the commands, in Slack and at the origin: `m00012`. */
  readonly id: string;
  /** Everything said under one number is one thread. */
  readonly thread: number;
  readonly as: string;
  /** A channel's name, or `dm` for the direct message of who speaks. */
  readonly place: string;
  readonly ask: Ask;
  /** From the beginning of its strike, or from when what it waits for has come. */
  readonly afterMs: number;
  /** Said only once everything said in its thread before has been answered. */
  readonly waits: boolean;
}

export const PEOPLE = ['ada', 'grace', 'linus', 'edsger'] as const;
/** Slack takes one message a second in a channel, so the threads are spread over many. */
export const CHANNELS = Array.from({ length: 8 }, (_, number) => `chaos-${String(number).padStart(2, '0')}`);
/** Longer than a sandbox is kept after its turn: see REST in site.ts. */
const RESTED_MS = 10_000;
/** Only threads as young as that are gone on with. */
const RECENT_THREADS = 30;

type Draft = Omit<Saying, 'id'>;

/** Makes what people say, from the random numbers alone. */
export interface Speech {
  /** The request by which a strike's recovery is measured: in a new thread, or below an earlier question. */
  question(afterMs: number): Saying;
  /** A first word of everybody: afterwards it is known who writes direct messages, and that everything works. */
  prologue(): readonly Saying[];
  /** Some messages that belong together. */
  story(afterMs: number): readonly Saying[];
}

export function createSpeech(random: Random): Speech {
  let sayings = 0;
  let threads = 0;
  const asked: Pick<Draft, 'thread' | 'place'>[] = [];

  const say = (draft: Draft): Saying => {
    sayings += 1;
    return { id: `m${String(sayings).padStart(5, '0')}`, ...draft };
  };
  const newThread = () => {
    threads += 1;
    return { thread: threads, place: random.pick(CHANNELS), as: random.pick(PEOPLE), waits: false };
  };

  const stories: readonly ((afterMs: number) => readonly Saying[])[] = [
    function followUp(afterMs) {
      const at = newThread();
      const first = say({ ...at, afterMs, ask: { kind: 'work', seconds: random.between(1, 3) } });
      const later = afterMs + random.between(400, 2_500);
      return [first, say({ ...at, as: random.pick(PEOPLE), afterMs: later, ask: { kind: 'request' } })];
    },
    function crowd(afterMs) {
      const at = newThread();
      return [0, 1, 2].map((index) =>
        say({
          ...at,
          as: PEOPLE[index] ?? 'ada',
          afterMs: afterMs + index * random.between(0, 400),
          ask: { kind: 'request' },
        }),
      );
    },
    function stop(afterMs) {
      const at = newThread();
      return [
        say({ ...at, afterMs, ask: { kind: 'endless' } }),
        say({ ...at, as: random.pick(PEOPLE), afterMs: afterMs + random.between(500, 4_000), ask: { kind: 'stop' } }),
        say({ ...at, afterMs: random.between(0, 1_000), waits: true, ask: { kind: 'request' } }),
      ];
    },
    function file(afterMs) {
      return [say({ ...newThread(), afterMs, ask: { kind: 'file' } })];
    },
    function rest(afterMs) {
      const at = newThread();
      const kept = say({ ...at, afterMs, ask: { kind: 'keep' } });
      const rested = RESTED_MS + random.between(0, 6_000);
      return [kept, say({ ...at, afterMs: rested, waits: true, ask: { kind: 'recall', of: kept.id } })];
    },
    function direct(afterMs) {
      const at = { ...newThread(), place: 'dm' };
      const first = say({ ...at, afterMs, ask: { kind: 'echo' } });
      return [first, say({ ...at, afterMs: afterMs + random.between(0, 2_000), ask: { kind: 'echo' } })];
    },
  ];

  return {
    prologue: () => PEOPLE.map((as) => say({ ...newThread(), as, place: 'dm', afterMs: 0, ask: { kind: 'echo' } })),
    question(afterMs) {
      const known = random.chance(0.5) ? asked.slice(-RECENT_THREADS) : [];
      const at = known.length > 0 ? { ...newPerson(), ...random.pick(known) } : newThread();
      if (known.length === 0) asked.push({ thread: at.thread, place: at.place });
      return say({ ...at, afterMs, ask: { kind: 'request' } });
    },
    story: (afterMs) => random.pick(stories)(afterMs),
  };

  function newPerson() {
    return { as: random.pick(PEOPLE), waits: false };
  }
}

const ORIGIN = 'https://api.acme.test/v1/signups';

/** What the person types. `tick` is what the schedule asks for. */
export function textOf({ id, ask }: Pick<Saying, 'id' | 'ask'>): string {
  const request = `curl -sSf ${ORIGIN}/${id}`;
  switch (ask.kind) {
    case 'request':
      return `@bellhop\n$ ${request}`;
    case 'work':
      return `@bellhop\n$ sleep ${ask.seconds} && ${request}`;
    case 'endless':
      return `@bellhop\n$ sleep 900 && ${request}`;
    case 'stop':
      return '@bellhop stop';
    case 'file':
      return `@bellhop\n$ cat uploads/*/${fileOf(id)} > ${fileBackOf(id)} && ${request}\npost ${fileBackOf(id)}`;
    case 'keep':
      return `@bellhop\n$ echo ${id} > kept-${id} && ${request}`;
    case 'recall':
      return `@bellhop\n$ cat kept-${ask.of} && ${request}`;
    case 'echo':
      return `$ echo ${id}`;
  }
}

/** The request that the schedule makes every minute. */
export const TICK = 'tick';
export const TICK_PROMPT = `$ curl -sSf ${ORIGIN}/${TICK}`;

/** The name of the file that comes with a message, and its content. */
export function fileOf(id: string): string {
  return `${id}-in.txt`;
}
export function fileBackOf(id: string): string {
  return `${id}-back.txt`;
}
export function contentOf(id: string): string {
  return `${`the file of ${id}\n`.repeat(200)}`;
}
