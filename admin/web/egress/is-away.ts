import type { EgressEvent } from '../../../contracts/egress.ts';

const AWAY: ReadonlySet<string> = new Set(['dns', 'connect']);

/** Whether the rules allowed a request that was not sent, because its host could not be reached. */
export function isAway({ outcome, code }: Pick<EgressEvent, 'outcome' | 'code'>): boolean {
  return outcome === 'blocked' && AWAY.has(code);
}
