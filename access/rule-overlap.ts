import type { EffectiveRule } from './decision.ts';
import { matchesHost } from './host-name.ts';
import { coversPath } from './path-match.ts';

type ComparedMatch = Pick<EffectiveRule['match'], 'host' | 'port' | 'scheme' | 'methods' | 'paths'>;

/** An example of a request that both rules cover, such as `GET api.a.test:443/v1`. Null when there is none. */
export function commonRequest(a: ComparedMatch, b: ComparedMatch): string | null {
  if (a.port !== b.port || a.scheme !== b.scheme) return null;
  const host = commonHost(a.host, b.host);
  const method = commonMethod(a.methods, b.methods);
  const path = commonPath(a.paths, b.paths);
  if (host === null || method === null || path === null) return null;
  return `${method === '' ? '' : `${method} `}${host}:${a.port}${path}`;
}

/** The narrower of two hosts when one covers the other. Null otherwise: then no host is covered by both. */
export function commonHost(a: string, b: string): string | null {
  if (a === b) return a;
  if (!a.startsWith('*')) return matchesHost(b, a) ? a : null;
  if (!b.startsWith('*')) return matchesHost(a, b) ? b : null;
  if (matchesHost(a, b.replace(/^\*/, 'x'))) return b;
  return matchesHost(b, a.replace(/^\*/, 'x')) ? a : null;
}

/** A method that both lists cover. An empty list covers every method, and an empty answer means every method. */
function commonMethod(a: readonly string[], b: readonly string[]): string | null {
  if (a.length === 0 || b.length === 0) return [...a, ...b][0] ?? '';
  return a.find((method) => b.includes(method)) ?? null;
}

function commonPath(a: readonly string[], b: readonly string[]): string | null {
  if (a.length === 0 || b.length === 0) return [...a, ...b][0] ?? '';
  const pairs = a.flatMap((one) => b.map((other) => [one, other] as const));
  const [one, other] = pairs.find(([one, other]) => coversPath(one, other) || coversPath(other, one)) ?? [];
  if (one === undefined || other === undefined) return null;
  return coversPath(one, other) ? other : one;
}
