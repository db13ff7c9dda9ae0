import type { Figure } from '../../bench/figures.ts';
import { readingOf } from '../../bench/figures.ts';
import { SHORT_SCENARIOS } from '../../bench/load/scenarios.ts';
import { type BenchStage, createBenchStage } from '../../bench/stage.ts';
import { contention } from '../support/contention.ts';

/** Bars that only a machine with nothing else to do can judge: `npm run bench:load` does. */
const QUIET_MACHINE_ONLY = new Set(['stored within 20 ms of the receipt', 'CPU of the four processes, of one core']);
const TIMES = new Set<Figure['unit']>(['ms', 's', '×']);

let stage: BenchStage;

beforeAll(async () => {
  stage = await createBenchStage({ environment: process.env, rounds: null, tell: () => {} });
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);

test.each(SHORT_SCENARIOS.map((scenario) => [scenario.what, scenario] as const))(
  '%s',
  async (_, { run }) => {
    const broken = (await run(stage)).filter((figure) => {
      if (figure.bar === undefined || QUIET_MACHINE_ONLY.has(figure.what)) return false;
      const bar = TIMES.has(figure.unit) ? figure.bar * contention() : figure.bar;
      return figure.atLeast ? readingOf(figure) < bar : readingOf(figure) > bar;
    });
    expect(broken).toEqual([]);
  },
  600_000,
);
