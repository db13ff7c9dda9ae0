import { readArguments } from '../../../../bench/chaos/arguments.ts';
import { recoveryOf, recoveryRows } from '../../../../bench/chaos/recovery.ts';
import { withTable } from '../../../../bench/chaos/report.ts';

const killed = { target: 'agent', kind: 'killed', afterMs: 0, forMs: 0 } as const;
const frozen = { target: 'agent', kind: 'frozen', afterMs: 0, forMs: 90_000 } as const;

test('recovery is shown by process and kind, alone and with whatever else struck meanwhile', () => {
  const recoveries = [
    recoveryOf(killed, 3_000, true),
    recoveryOf(killed, 1_000, true),
    recoveryOf(frozen, -20, false),
    recoveryOf(killed, 9_000, false),
  ];
  expect(recoveryRows(recoveries)).toEqual([
    {
      struck: 'agent, frozen for 60 to 150 s',
      alone: { n: 0, medianMs: null, maxMs: null },
      all: { n: 1, medianMs: 0, maxMs: 0 },
    },
    {
      struck: 'agent, killed',
      alone: { n: 2, medianMs: 2_000, maxMs: 3_000 },
      all: { n: 3, medianMs: 3_000, maxMs: 9_000 },
    },
  ]);
});

test('the table takes its place in the document, and the rest of it stays', () => {
  const text = 'before\n<!-- chaos: begin -->\nold\n<!-- chaos: end -->\nafter\n';
  const written = 'before\n<!-- chaos: begin -->\n\nnew\n\n<!-- chaos: end -->\nafter\n';
  expect(withTable(text, 'new')).toBe(written);
  expect(withTable(written, 'new')).toBe(written);
  expect(() => withTable('nothing', 'new')).toThrow('chaos: begin');
});

test('arguments are read, and what is wrong is named', () => {
  const read = (...args: string[]) => readArguments(args, () => 99);
  expect(read('--seed', '5', '--faults', '100', '--only', 'agent', '--only', 'proxy')).toMatchObject({
    seed: 5,
    faults: 100,
    only: ['agent', 'proxy'],
  });
  expect(read()).toMatchObject({ seed: 99, faults: 1_000, only: [], json: null, docs: false, help: false });
  expect(() => read('--seed', 'x')).toThrow('--seed: a whole number');
  expect(() => read('--faults', '0')).toThrow('--faults: a whole number from 1');
  expect(() => read('--only', 'slack')).toThrow('--only slack: there is gateway, agent');
});
