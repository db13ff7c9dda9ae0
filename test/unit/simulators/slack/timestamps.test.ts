import { compareTs, createTimestamps, isTs } from '../../../../simulators/slack/world/timestamps.ts';

describe('message timestamps', () => {
  it('are unique and increasing while the clock stands still or goes back', () => {
    const clock = [1_700_000_000_123, 1_700_000_000_123, 1_600_000_000_000, 1_700_000_000_124];
    const next = createTimestamps(() => clock.shift() ?? 0, null);
    expect([next(), next(), next(), next()]).toEqual([
      '1700000000.123000',
      '1700000000.123001',
      '1700000000.123002',
      '1700000000.124000',
    ]);
  });

  it('go on after the last one of an earlier run', () => {
    const next = createTimestamps(() => 1_000_000_000_000, '1700000000.000005');
    expect(next()).toBe('1700000000.000006');
  });

  it('are compared as numbers', () => {
    expect(['1700000000.000010', '999999999.000009', '1700000000.000009'].sort(compareTs)).toEqual([
      '999999999.000009',
      '1700000000.000009',
      '1700000000.000010',
    ]);
    expect([isTs('1700000000.000001'), isTs('1700000000'), isTs('x')]).toEqual([true, false, false]);
  });
});
