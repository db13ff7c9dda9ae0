import type { ModelUsage } from './conversation.ts';

/** What a model costs, in one currency, per million tokens. */
export interface Price {
  /** Three letters of ISO 4217. */
  readonly currency: string;
  readonly input: number;
  readonly output: number;
  /** Of input that the vendor had kept from a call before. */
  readonly cachedInput: number;
  /** Of input that the vendor keeps for calls to come. */
  readonly cacheWrite: number;
}

export interface Cost {
  readonly currency: string;
  readonly amount: number;
}

const PER = 1_000_000;

/**
 * What a call has cost. Null where its tokens are only estimates.
 *
 * @example
 * costOf({ inputTokens: 1_000_000, outputTokens: 0, cachedTokens: 900_000 }, price); // { currency: 'USD', amount: 0.57 }
 */
export function costOf(usage: ModelUsage, { currency, input, output, cachedInput, cacheWrite }: Price): Cost | null {
  if (usage.estimated) return null;
  const { inputTokens, outputTokens, cachedTokens = 0, cacheWriteTokens = 0 } = usage;
  const fresh = Math.max(0, inputTokens - cachedTokens - cacheWriteTokens);
  const sum = fresh * input + cachedTokens * cachedInput + cacheWriteTokens * cacheWrite + outputTokens * output;
  return { currency, amount: sum / PER };
}

/** Adds costs up, by currency. Empty when one of them is not known, because a sum without it would be wrong. */
export function sumOf(costs: readonly (Cost | null)[]): readonly Cost[] {
  const sums = new Map<string, number>();
  for (const cost of costs) {
    if (cost === null) return [];
    sums.set(cost.currency, (sums.get(cost.currency) ?? 0) + cost.amount);
  }
  return [...sums]
    .map(([currency, amount]) => ({ currency, amount }))
    .sort((a, b) => (a.currency < b.currency ? -1 : 1));
}

/** Below this an amount is not worth its digits. */
const LEAST = 0.0001;

/** `$0.042`, `$1.25 + €0.30`. Empty for nothing. */
export function costText(costs: readonly Cost[]): string {
  return costs.map(amountText).join(' + ');
}

function amountText({ currency, amount }: Cost): string {
  const isSmall = amount > 0 && amount < LEAST;
  const shown = isSmall ? LEAST : amount;
  // Two digits of a small amount say what it is; those of a large one would only be noise.
  const digits = shown >= 1 || shown === 0 ? 2 : Math.max(2, 1 - Math.floor(Math.log10(shown)));
  const format = new Intl.NumberFormat('en', {
    ...{ style: 'currency', currency, minimumFractionDigits: 2, maximumFractionDigits: digits },
  });
  return `${isSmall ? 'under ' : ''}${format.format(shown)}`;
}
