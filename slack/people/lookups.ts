import { failureOf } from '../api/errors.ts';

export interface LookupsOptions<Answer> {
  /** Asks once. May throw `RateLimited`: then it is asked again when the limit allows it. */
  readonly look: (id: string) => Promise<Answer>;
  /** Questions under way at the same time. @default 8 */
  readonly width?: number;
}

/** Questions to Slack, each asked once however many wait for its answer. */
export interface Lookups<Answer> {
  /** The answer to the question about `id`. Waits for rate limits without end; any other failure rejects. */
  ask(id: string): Promise<Answer>;
  /** Gives the answer to a question that is open: it came by another way. */
  answer(id: string, answer: Answer): void;
  /** How many questions have no answer yet. */
  open(): number;
  /** Whether Slack allows no question at the moment. */
  isLimited(): boolean;
  stop(): void;
}

interface Question<Answer> {
  readonly settled: PromiseWithResolvers<Answer>;
  asked: boolean;
}

/**
 * A queue of questions, first come, first served. 500 people who speak for the first time at once are 500 questions;
 * Slack answers about a hundred a minute. The others wait here, where waiting costs nothing, instead of asking again
 * and again.
 *
 * @example
 * const people = createLookups({ look: (id) => askSlack('users.info', id) });
 * await Promise.all([people.ask('U1'), people.ask('U1')]); // one call
 */
export function createLookups<Answer>({ look, width = 8 }: LookupsOptions<Answer>): Lookups<Answer> {
  const questions = new Map<string, Question<Answer>>();
  let underWay = 0;
  let limitedUntil = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const isLimited = (): boolean => performance.now() < limitedUntil;

  const settle = (id: string, how: (question: Question<Answer>) => void): void => {
    const question = questions.get(id);
    questions.delete(id);
    if (question) how(question);
  };

  const begin = async (id: string, question: Question<Answer>): Promise<void> => {
    underWay += 1;
    question.asked = true;
    try {
      const answer = await look(id);
      settle(id, ({ settled }) => settled.resolve(answer));
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'limited') waitFor(question, failure.waitMs);
      else settle(id, ({ settled }) => settled.reject(error));
    } finally {
      underWay -= 1;
      pump();
    }
  };

  /** The question keeps its place in the queue: a Map remembers the order in which its keys came. */
  const waitFor = (question: Question<Answer>, ms: number): void => {
    question.asked = false;
    limitedUntil = Math.max(limitedUntil, performance.now() + ms);
  };

  const pump = (): void => {
    if (stopped) return;
    if (isLimited()) {
      // A timer may come a moment early: then it is set again.
      clearTimeout(timer);
      timer = setTimeout(pump, Math.ceil(limitedUntil - performance.now()));
      return;
    }
    for (const [id, question] of questions) {
      if (underWay >= width) return;
      if (!question.asked) void begin(id, question);
    }
  };

  return {
    ask(id) {
      const known = questions.get(id);
      if (known) return known.settled.promise;
      const settled = Promise.withResolvers<Answer>();
      // The caller may have stopped waiting.
      settled.promise.catch(() => {});
      questions.set(id, { settled, asked: false });
      pump();
      return settled.promise;
    },
    answer: (id, answer) => settle(id, ({ settled }) => settled.resolve(answer)),
    open: () => questions.size,
    isLimited,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
