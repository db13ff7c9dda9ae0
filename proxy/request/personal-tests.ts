import { type Looks, startLooks } from '../../store/looks.ts';
import type { AskedTest, TestAnswer } from '../../store/personal-tests.ts';
import type { ConnectionTests } from './connection-tests.ts';

export interface PersonalTestsOptions {
  readonly take: () => Promise<AskedTest | null>;
  readonly answer: (key: string, answer: TestAnswer) => Promise<void>;
  readonly tests: Pick<ConnectionTests, 'runOwn'>;
  readonly onError: (error: unknown, what: string) => void;
  /** How often to look without being poked. @default 2000 */
  readonly everyMs?: number;
}

/**
 * Runs the tests that people ask for, one at a time. Several proxies share them: each takes what no other one has. They
 * are small, and a person who asks for many waits for their own.
 */
export function startPersonalTests({ take, answer, tests, onError, everyMs = 2_000 }: PersonalTestsOptions): Looks {
  async function runAll(isStopped: () => boolean): Promise<void> {
    for (let asked = await take(); asked !== null && !isStopped(); asked = await take()) {
      const came = await tests.runOwn(asked);
      // The end of this proxy may have broken it off. Another proxy takes it when the hold of this one is over.
      if (isStopped() && came.status === null) return;
      await answer(asked.key, came);
    }
  }

  return startLooks({
    look: runAll,
    onError: (error) => onError(error, 'a test that a person asked for was not answered'),
    everyMs,
  });
}
