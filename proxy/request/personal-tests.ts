import { type Looks, startLooks } from '../../store/looks.ts';
import type { AskedTest, FullTests, TestAnswer } from '../../store/personal-tests.ts';
import type { ConnectionTests } from './connection-tests.ts';

export interface PersonalTestsOptions {
  readonly take: (full: FullTests) => Promise<AskedTest | null>;
  readonly answer: (key: string, answer: TestAnswer) => Promise<void>;
  readonly tests: Pick<ConnectionTests, 'runOwn'>;
  readonly onError: (error: unknown, what: string) => void;
  /** How often to look without being poked. @default 2000 */
  readonly everyMs?: number;
}

/** A service that hangs keeps its place for 20 s (connection-tests.ts). */
const AT_ONCE = 8;
/** Of one service, so that one that hangs leaves places for all others. A person has one place. */
const AT_ONCE_OF_ONE = AT_ONCE / 2;

/**
 * Runs the tests that people ask for, and those of what they have just connected, a few at once: a service that hangs delays no other. Several
 * proxies share them: each takes what no other one has.
 */
export function startPersonalTests({ take, answer, tests, onError, everyMs = 2_000 }: PersonalTestsOptions): Looks {
  const underWay = new Map<Promise<void>, AskedTest>();
  let stopped = false;
  const failed = (error: unknown) => onError(error, 'a test that a person asked for was not answered');

  async function run(asked: AskedTest): Promise<void> {
    const came = await tests.runOwn(asked);
    // The end of this proxy may have broken it off. Another proxy takes it when the hold of this one is over.
    if (!(stopped && came.status === null)) await answer(asked.key, came);
  }

  async function look(isStopped: () => boolean): Promise<void> {
    while (!isStopped() && underWay.size < AT_ONCE) {
      const asked = await take(fullOf([...underWay.values()]));
      if (!asked) return;
      const done: Promise<void> = run(asked)
        .catch(failed)
        .finally(() => {
          underWay.delete(done);
          looks.poke();
        });
      underWay.set(done, asked);
    }
  }

  const looks = startLooks({ look, onError: failed, everyMs });
  return {
    poke: looks.poke,
    async stop() {
      stopped = true;
      await looks.stop();
      await Promise.all(underWay.keys());
    },
  };
}

function fullOf(underWay: readonly AskedTest[]): FullTests {
  const names = underWay.map(({ connection }) => connection);
  const isFull = (name: string) => names.filter((each) => each === name).length >= AT_ONCE_OF_ONE;
  return { connections: [...new Set(names)].filter(isFull), people: underWay };
}
