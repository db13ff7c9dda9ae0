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

/** Places that services share. A service that hangs keeps one for 20 s (connection-tests.ts). */
const SHARED = 8;
/** Of one service, so that one that hangs leaves places for all others. A person has one place. */
const AT_ONCE_OF_ONE = SHARED / 2;

/**
 * Runs the tests that people ask for, and those of what they have just connected, a few at once. Each service has a place of its own when all that
 * are shared are taken, so services that hang delay no other, however many they are. Several proxies share the tests: each takes what no other one has.
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
    while (!isStopped()) {
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
  const places = underWay.length < SHARED ? AT_ONCE_OF_ONE : 1;
  const isFull = (name: string) => names.filter((each) => each === name).length >= places;
  return { connections: [...new Set(names)].filter(isFull), people: underWay };
}
