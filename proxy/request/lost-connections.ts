import { personalId } from '../../access/personal-access.ts';
import type { Exchange } from '../events/exchange.ts';
import type { PersonalFeed } from '../policy/personal-feed.ts';
import type { JudgedRequest } from './judge-request.ts';

/**
 * Whether a request goes with a connection of a person which this person has not got any more, in the version that was sealed then.
 * @throws Refusal `policy_stale` while it cannot be looked up
 */
export async function hasLostConnection(personal: PersonalFeed, { decision, lease }: JudgedRequest): Promise<boolean> {
  const own = decision.outcome === 'injected' ? decision.rule.connection : null;
  // A test has its own access, and is over soon.
  if (own?.owner === undefined || lease.access) return false;
  const held = (await personal.heldBy(lease.request)) ?? [];
  return !held.some(
    ({ connection, version }) => personalId(connection) === own.id && version === own.credentialVersion,
  );
}

/** The open requests of that kind. What cannot be looked up now is not among them: nothing new is sent meanwhile either. */
export async function withLostConnections(
  personal: PersonalFeed,
  underWay: ReadonlyMap<Exchange, JudgedRequest>,
): Promise<Exchange[]> {
  const looks = [...underWay].map(async ([exchange, judged]) => {
    const isLost = await hasLostConnection(personal, judged).catch(() => false);
    return isLost ? [exchange] : [];
  });
  return (await Promise.all(looks)).flat();
}
