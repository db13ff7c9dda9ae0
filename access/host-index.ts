import { matchesHost } from './host-name.ts';

/** Finds the items for one host in a list, without a search. Each item is for a host, as rules and guardrails are. */
export interface HostIndex<T> {
  /** The items that cover a host, in the order of the list. */
  itemsFor(host: SoughtHost): readonly T[];
}

/** A host with the patterns that can cover it. They are the same for every index that is asked. */
export interface SoughtHost {
  readonly host: string;
  /** For `a.b.test`: `a.b.test`, `*.b.test`, `*.test`, `*`. */
  readonly patterns: readonly string[];
}

const NOTHING: readonly never[] = [];

/**
 * Items are kept by their exact host, or by their suffix for `*.suffix` and `*`. A look-up asks once for the host and once
 * for each of its suffixes, so its cost grows with the number of labels and not with the list.
 */
export function indexByHost<T>(items: readonly T[], patternOf: (item: T) => string): HostIndex<T> {
  const byPattern = new Map<string, { readonly rank: number; readonly item: T }[]>();
  for (const [rank, item] of items.entries()) {
    const pattern = patternOf(item);
    const kept = byPattern.get(pattern);
    if (kept) kept.push({ rank, item });
    else byPattern.set(pattern, [{ rank, item }]);
  }
  return {
    itemsFor({ host, patterns }) {
      if (byPattern.size === 0) return NOTHING;
      const lists = [];
      for (const pattern of patterns) {
        const list = byPattern.get(pattern);
        if (list && matchesHost(pattern, host)) lists.push(list);
      }
      if (lists.length === 0) return NOTHING;
      const found = lists.flat();
      if (lists.length > 1) found.sort((a, b) => a.rank - b.rank);
      return found.map(({ item }) => item);
    },
  };
}

/** Prepares a host for {@link HostIndex.itemsFor}. */
export function soughtHost(host: string): SoughtHost {
  const patterns = [host];
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) patterns.push(`*${host.slice(dot)}`);
  patterns.push('*');
  return { host, patterns };
}
