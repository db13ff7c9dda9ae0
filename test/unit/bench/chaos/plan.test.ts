import { TARGETS } from '../../../../bench/chaos/faults.ts';
import { planOf, SHORT_FORM } from '../../../../bench/chaos/plan.ts';

const faultsOf = (options: Parameters<typeof planOf>[0]) => planOf(options).strikes.flatMap(({ faults }) => faults);
const sayingsOf = (options: Parameters<typeof planOf>[0]) => {
  const { prologue, strikes } = planOf(options);
  return [...prologue, ...strikes.flatMap(({ sayings, question }) => [...sayings, question])];
};

test('a seed gives the same conversations and the same faults again, another seed gives others', () => {
  const options = { seed: 7, faults: 200, only: [] };
  expect(planOf(options)).toEqual(planOf(options));
  expect(planOf({ ...options, seed: 8 })).not.toEqual(planOf(options));
});

test.each([1, 12, 1_000])('a plan has exactly %i faults', (faults) => {
  expect(faultsOf({ seed: 3, faults, only: [] })).toHaveLength(faults);
});

test('a thousand faults strike every process in every way that there is, and a few of them freeze for a minute or more', () => {
  const faults = faultsOf({ seed: 3, faults: 1_000, only: [] });
  for (const target of TARGETS) {
    const kinds = new Set(faults.filter((fault) => fault.target === target).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(target === 'everything' ? ['killed'] : ['frozen', 'killed', 'terminated']);
  }
  const long = faults.filter(({ kind, forMs }) => kind === 'frozen' && forMs >= 60_000);
  expect(long.length).toBeGreaterThan(0);
  expect(long.length).toBeLessThan(15);
  expect(Math.max(...faults.map(({ forMs }) => forMs))).toBeLessThanOrEqual(150_000);
});

test('what ends up strikes alone, because nothing beside it is there to be struck', () => {
  for (const { faults } of planOf({ seed: 5, faults: 1_000, only: [] }).strikes) {
    const ends = faults.some(({ target, kind }) => target === 'everything' || (target === 'up' && kind !== 'frozen'));
    if (ends) expect(faults).toHaveLength(1);
  }
});

test('only strikes what was named', () => {
  const faults = faultsOf({ seed: 5, faults: 100, only: ['proxy', 'model'] });
  expect(new Set(faults.map(({ target }) => target))).toEqual(new Set(['proxy', 'model']));
});

test('every message has a name of its own, and a thread stays in one place', () => {
  const sayings = sayingsOf({ seed: 9, faults: 500, only: [] });
  expect(new Set(sayings.map(({ id }) => id)).size).toBe(sayings.length);
  const places = Map.groupBy(sayings, ({ thread }) => thread);
  for (const said of places.values()) expect(new Set(said.map(({ place }) => place)).size).toBe(1);
});

test('people also speak in the middle of a long freeze', () => {
  const { strikes } = planOf({ seed: 3, faults: 1_000, only: [] });
  for (const { faults, sayings } of strikes) {
    const long = faults.find(({ kind, forMs }) => kind === 'frozen' && forMs >= 60_000);
    if (!long) continue;
    const within = sayings.filter(({ afterMs }) => afterMs > long.afterMs && afterMs < long.afterMs + long.forMs);
    expect(within.length).toBeGreaterThanOrEqual(3);
  }
});

test('the short form strikes every process in every way, says everything that people say, and takes no long freeze', () => {
  const faults = faultsOf(SHORT_FORM);
  expect(new Set(faults.map(({ target }) => target))).toEqual(new Set(TARGETS));
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(['killed', 'terminated', 'frozen']));
  expect(faults).toContainEqual(expect.objectContaining({ target: 'postgres', kind: 'terminated' }));
  expect(Math.max(...faults.map(({ forMs }) => forMs))).toBeLessThan(10_000);
  const asks = new Set(sayingsOf(SHORT_FORM).map(({ ask }) => ask.kind));
  expect([...asks].sort()).toEqual(['echo', 'endless', 'file', 'keep', 'recall', 'request', 'stop', 'work']);
});
