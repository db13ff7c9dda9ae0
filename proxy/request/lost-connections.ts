import { personalId } from '../../access/personal-access.ts';
import type { Exchange } from '../events/exchange.ts';
import type { PersonalFeed } from '../policy/personal-feed.ts';
import type { JudgedRequest } from './judge-request.ts';

/**
 * The open requests that go with a connection of a person which this person has not got any more, in the version that was sealed then. What
 * cannot be looked up now is not among them: nothing new is sent meanwhile either.
 */
export async function withLostConnections(
  personal: PersonalFeed,
  underWay: ReadonlyMap<Exchange, JudgedRequest>,
): Promise<Exchange[]> {
  const judged = [...underWay].map(async ([exchange, { decision, lease }]) => {
    const own = decision.outcome === 'injected' ? decision.rule.connection : null;
    // A test has its own access, and is over soon.
    if (own?.owner === undefined || lease.access) return [];
    const held = await Promise.resolve(personal.heldBy(lease.request) ?? []).catch(() => null);
    const isHeld = held?.some(
      ({ connection, version }) => personalId(connection) === own.id && version === own.credentialVersion,
    );
    return isHeld === false ? [exchange] : [];
  });
  return (await Promise.all(judged)).flat();
}
