import { costOf, costText, sumOf } from '../../../contracts/cost.ts';

const PRICE = { currency: 'USD', input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 };

test('each kind of tokens has its price', () => {
  const usage = { inputTokens: 1_000_000, outputTokens: 100_000, cachedTokens: 600_000, cacheWriteTokens: 200_000 };
  expect(costOf(usage, PRICE)?.amount).toBeCloseTo(0.2 * 3 + 0.6 * 0.3 + 0.2 * 3.75 + 0.1 * 15, 10);
  expect(costOf({ inputTokens: 10, outputTokens: 1 }, PRICE)?.amount).toBeCloseTo(0.000045, 10);
});

test('nothing is guessed: estimates have no cost, and a sum without one of its parts is none', () => {
  expect(costOf({ inputTokens: 10, outputTokens: 1, estimated: true }, PRICE)).toBeNull();
  expect(sumOf([{ currency: 'USD', amount: 1 }, null])).toEqual([]);
  expect(sumOf([])).toEqual([]);
});

test('a server that counts more from before than there was costs no less than nothing', () => {
  expect(costOf({ inputTokens: 10, outputTokens: 0, cachedTokens: 20 }, PRICE)?.amount).toBeGreaterThanOrEqual(0);
});

test.each([
  [0, '$0.00'],
  [0.00001, 'under $0.0001'],
  [0.00042, '$0.00042'],
  [0.0425, '$0.043'],
  [0.3, '$0.30'],
  [1.234, '$1.23'],
  [1234.5, '$1,234.50'],
])('%d is written as %s', (amount, text) => {
  expect(costText([{ currency: 'USD', amount }])).toBe(text);
});

test('currencies stand beside each other', () => {
  const costs = [
    { currency: 'USD', amount: 1 },
    { currency: 'EUR', amount: 0.2 },
    { currency: 'EUR', amount: 0.1 },
  ];
  expect(costText(sumOf(costs))).toBe('€0.30 + $1.00');
  expect(costText([])).toBe('');
});
