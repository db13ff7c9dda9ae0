import { parseArgs } from 'node:util';
import { TARGETS, type Target } from './faults.ts';

export interface ChaosArguments {
  readonly seed: number;
  readonly faults: number;
  /** Empty: all. */
  readonly only: readonly Target[];
  readonly json: string | null;
  readonly docs: boolean;
  readonly help: boolean;
}

export const USAGE = `npm run bench:chaos -- [options]

  --seed N       decides everything that is said and struck (default: another one each time)
  --faults N     how many faults (default: 1000, about 40 minutes on 2 cores; 100 take about 5)
  --only NAME    strike only this; may be given several times
                 (${TARGETS.join(', ')})
  --json FILE    where the figures go (default: a new file in bench/results)
  --docs         write the table into docs/reliability.md
  --help         this
`;

/** Throws with words for people. */
export function readArguments(args: readonly string[], newSeed: () => number): ChaosArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      faults: { type: 'string', default: '1000' },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      docs: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    seed: values.seed === undefined ? newSeed() : whole('--seed', values.seed, 0),
    faults: whole('--faults', values.faults, 1),
    only: values.only.map(targetOf),
    json: values.json ?? null,
    docs: values.docs,
    help: values.help,
  };
}

function whole(name: string, text: string, least: number): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isInteger(number) || number < least || number > 0xffff_ffff) {
    throw new Error(`${name}: a whole number from ${least}`);
  }
  return number;
}

function targetOf(name: string): Target {
  const target = TARGETS.find((each) => each === name);
  if (target === undefined) throw new Error(`--only ${name}: there is ${TARGETS.join(', ')}`);
  return target;
}
